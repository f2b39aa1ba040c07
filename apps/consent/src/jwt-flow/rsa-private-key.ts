import type { JWK } from 'jose';

/**
 * Adds the members dp, dq and qi (RFC 7518 section 6.3.2) to an RSA private JWK that holds only n, e, d, p and q,
 * as servers of 2017 export it; other keys are returned as they are.
 */
export function completeRsaPrivateKey(key: JWK): JWK {
  const { d, p, q } = key;
  if (key.kty !== 'RSA' || d === undefined || p === undefined || q === undefined) return key;
  if (key.dp !== undefined && key.dq !== undefined && key.qi !== undefined) return key;
  const [exponent, primeP, primeQ] = [toInteger(d), toInteger(p), toInteger(q)];
  return {
    ...key,
    dp: toBase64url(exponent % (primeP - 1n)),
    dq: toBase64url(exponent % (primeQ - 1n)),
    qi: toBase64url(inverse(primeQ, primeP)),
  };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [0n, 1n];
  let [dividend, divisor] = [modulus, value % modulus];
  while (divisor !== 0n) {
    const quotient = dividend / divisor;
    [previous, current] = [current, previous - quotient * current];
    [dividend, divisor] = [divisor, dividend - quotient * divisor];
  }
  return ((previous % modulus) + modulus) % modulus;
}

function toInteger(text: string): bigint {
  return BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
}

function toBase64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}
