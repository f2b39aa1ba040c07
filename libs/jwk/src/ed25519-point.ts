const P = 2n ** 255n - 19n;
const D = mod(-121665n * power(121666n, P - 2n));

/**
 * Whether 32 bytes are the canonical encoding of a point on edwards25519 that is not of small order (RFC 8032 section
 * 5.1.3). A key of small order would verify signatures that nobody made.
 */
export function isSoundEd25519Point(encoded: Uint8Array): boolean {
  if (encoded.length !== 32) return false;
  const y = BigInt(`0x${Buffer.from(encoded).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  if (y >= P) return false;
  const y2 = mod(y * y);
  // x^2 = (y^2 - 1) / (d y^2 + 1) must be a square; zero means y = 1 or -1, the points of order 1 and 2.
  const x2 = mod((y2 - 1n) * power(mod(D * y2 + 1n), P - 2n));
  if (x2 === 0n || power(x2, (P - 1n) / 2n) !== 1n) return false;
  const order4 = y === 0n;
  // Twice a point of order 8 has y = 0, which is where y^2 = -x^2 meets the curve.
  const order8 = mod(2n * y2 - 1n + D * y2 * y2) === 0n;
  return !order4 && !order8;
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = mod(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * factor);
    factor = mod(factor * factor);
  }
  return result;
}
