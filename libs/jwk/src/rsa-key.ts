import { decodeBase64url } from './base64url.js';
import type { Jwk } from './jwk.js';
import { KeyError } from './key-error.js';

/** RSA keys under this size are refused (RFC 7518 section 3.3). */
export const MIN_RSA_BITS = 2048;
/** Beyond this size one signature takes so long that the key is a way to stop the server. */
export const MAX_RSA_BITS = 8192;

/**
 * Judges the numbers of an RSA JWK (RFC 7518 section 6.3) and answers it with the members of the Chinese remainder
 * theorem completed, which keys that went through hydra-js lack. Throws KeyError `malformed`.
 */
export function soundRsaKey(jwk: Jwk): Jwk {
  const n = publicNumber(jwk, 'n');
  const e = publicNumber(jwk, 'e');
  const bits = n.toString(2).length;
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    throw malformed(`an RSA key must have ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`);
  }
  if ((n & 1n) === 0n) throw malformed('the RSA modulus is even');
  if (e < 3n || (e & 1n) === 0n || e > 0xffff_ffffn) {
    throw malformed('the RSA exponent must be odd, greater than 1 and at most 32 bits long');
  }
  if (jwk.d !== undefined) return { ...jwk, ...privateNumbers(jwk, n, e) };
  // The primes are the key: with them, what looks like a public key is a private one.
  if (privateMembers.some((member) => jwk[member] !== undefined)) throw malformed('RSA member "d" is missing');
  return jwk;
}

function privateNumbers(jwk: Jwk, n: bigint, e: bigint): Partial<Jwk> {
  const d = privateNumber(jwk, 'd');
  const p = privateNumber(jwk, 'p');
  const q = privateNumber(jwk, 'q');
  if (p * q !== n || p < 3n || q < 3n || p === q) throw malformed('the RSA primes do not make the modulus');
  if ((e * d) % (p - 1n) !== 1n || (e * d) % (q - 1n) !== 1n) {
    throw malformed('the private RSA exponent does not belong to the public one');
  }
  const dp = d % (p - 1n);
  const dq = d % (q - 1n);
  const qi = inverse(q % p, p);
  for (const [member, value] of [
    ['dp', dp],
    ['dq', dq],
    ['qi', qi],
  ] as const) {
    if (isGiven(jwk[member]) && privateNumber(jwk, member) !== value)
      throw malformed(`RSA member "${member}" is wrong`);
  }
  return { d: encode(d), p: encode(p), q: encode(q), dp: encode(dp), dq: encode(dq), qi: encode(qi) };
}

const privateMembers = ['p', 'q', 'dp', 'dq', 'qi'] as const;

type RsaMember = 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi';

// Base64urlUInt has no leading zero octet (RFC 7518 section 2): one public key, one thumbprint.
function publicNumber(jwk: Jwk, member: 'n' | 'e'): bigint {
  const bytes = numberBytes(jwk, member);
  if (bytes[0] === 0) throw malformed(`RSA member "${member}" begins with a zero octet`);
  return toBigInt(bytes);
}

function privateNumber(jwk: Jwk, member: RsaMember): bigint {
  return toBigInt(numberBytes(jwk, member));
}

function numberBytes(jwk: Jwk, member: RsaMember): Buffer {
  const text = jwk[member];
  const bytes = isGiven(text) ? decodeBase64url(text) : undefined;
  if (bytes === undefined || bytes.length === 0) throw malformed(`RSA member "${member}" is missing or not base64url`);
  return bytes;
}

// hydra-js writes empty strings for what it leaves out.
function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function encode(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [value, modulus];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a % b];
    [x, y] = [y, x - quotient * y];
  }
  if (a !== 1n) throw malformed('the RSA primes are not prime');
  return x < 0n ? x + modulus : x;
}

function malformed(message: string): KeyError {
  return new KeyError('malformed', message);
}
