import { createPrivateKey, createPublicKey, type JsonWebKey, sign, verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { algorithmsOf, curveSizes, encryptionAlgorithms, findAlgorithm } from './algorithm.js';
import { decodeBase64url } from './base64url.js';
import { isSoundEd25519Point } from './ed25519-point.js';
import { formatJwk, type Jwk, partOf, publicPart } from './jwk.js';
import { KeyError } from './key-error.js';
import { soundRsaKey } from './rsa-key.js';
import { parseStrictObject, StrictJsonError } from './strict-json.js';

const MAX_TEXT = 64 * 1024;
const MIN_SECRET_BYTES = 32;
const MAX_SECRET_BYTES = 1024;

const text = z
  .string()
  .max(16 * 1024)
  .optional();
const operations = ['sign', 'verify', 'encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'deriveKey', 'deriveBits'] as const;

// Members that are not known are dropped; `oth` (more than two primes) would change what the others mean.
// prettier-ignore
const jwkSchema = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP', 'oct']),
  use: z.enum(['sig', 'enc']).optional(),
  kid: text, alg: text, crv: text, x: text, y: text, k: text,
  n: text, e: text, d: text, p: text, q: text, dp: text, dq: text, qi: text,
  key_ops: z.array(z.enum(operations)).max(operations.length).optional(),
  x5c: z.array(z.string().max(16 * 1024)).min(1).max(10).optional(),
  oth: z.never().optional(),
});

/**
 * Reads one JWK from JSON text of a stranger and proves it sound: known key type and curve, point on the curve, RSA of at
 * least 2048 bits with an odd exponent, secrets of at least 256 bits, `alg`, `use` and `key_ops` that fit the key, the
 * private part belonging to the public one (RFC 7517, RFC 7518 section 6, RFC 8037).
 * Answers the JWK with known members only. Throws KeyError `malformed`.
 */
export async function importJwk(json: string): Promise<Jwk> {
  if (json.length > MAX_TEXT) throw malformed('the JWK is too long');
  return validateJwk(parseObject(json));
}

/** Proves a JWK sound that is already an object; see importJwk. */
export async function validateJwk(value: unknown): Promise<Jwk> {
  const parsed = jwkSchema.safeParse(value);
  if (!parsed.success) throw malformed(describe(parsed.error));
  const shape = JSON.parse(formatJwk(parsed.data as Jwk)) as Jwk;
  const jwk = soundMaterial[parsed.data.kty](shape);
  refuseMisuse(jwk);
  refuseStrangeCertificate(jwk);
  await provePair(jwk);
  return jwk;
}

function parseObject(json: string): unknown {
  try {
    return parseStrictObject(json);
  } catch (cause) {
    if (cause instanceof StrictJsonError) throw malformed(`the JWK is ${cause.message}`);
    throw cause;
  }
}

const soundMaterial: Readonly<Record<'RSA' | 'EC' | 'OKP' | 'oct', (jwk: Jwk) => Jwk>> = {
  RSA: (jwk) => soundRsaKey(only(jwk, ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'])),
  EC: (jwk) => soundCurveKey(withFullLength(only(jwk, ['crv', 'x', 'y', 'd']))),
  OKP: (jwk) => soundCurveKey(only(jwk, ['crv', 'x', 'd'])),
  oct: (jwk) => soundSecret(only(jwk, ['k'])),
};

// Members of another kind of key make a JWK that two readers may take for two things.
function only(jwk: Jwk, members: readonly (keyof Jwk)[]): Jwk {
  const descriptive: readonly (keyof Jwk)[] = ['kty', 'use', 'kid', 'alg', 'key_ops', 'x5c'];
  const strange = (Object.keys(jwk) as (keyof Jwk)[]).find(
    (member) => !members.includes(member) && !descriptive.includes(member),
  );
  if (strange !== undefined) throw malformed(`member "${strange}" does not belong to a key of type ${jwk.kty}`);
  return jwk;
}

// The Go clients of 2017 write `d` without its leading zero octets, which RFC 7518 section 6.2.2.1 demands.
function withFullLength(jwk: Jwk): Jwk {
  const bytes = decodeBase64url(jwk.d ?? '');
  const size = curveSizes.get(jwk.crv ?? '')?.bytes ?? 0;
  if (bytes === undefined || bytes.length === 0 || bytes.length >= size) return jwk;
  return { ...jwk, d: Buffer.concat([Buffer.alloc(size - bytes.length), bytes]).toString('base64url') };
}

function soundCurveKey(jwk: Jwk): Jwk {
  const size = curveSizes.get(jwk.crv ?? '');
  if (size === undefined || size.kty !== jwk.kty) throw malformed('the curve is not known for this type of key');
  for (const member of jwk.kty === 'EC' ? (['x', 'y', 'd'] as const) : (['x', 'd'] as const)) {
    if (member === 'd' && jwk.d === undefined) continue;
    if (decodeBase64url(jwk[member] ?? '')?.length !== size.bytes) {
      throw malformed(`member "${member}" must be ${size.bytes} octets as base64url`);
    }
  }
  if (!isPoint(jwk)) throw malformed('the public key is not a sound point of its curve');
  return jwk;
}

function isPoint(jwk: Jwk): boolean {
  if (jwk.kty === 'OKP') return isSoundEd25519Point(decodeBase64url(jwk.x ?? '') ?? Buffer.alloc(0));
  try {
    // OpenSSL refuses coordinates that do not satisfy the curve equation.
    createPublicKey({ key: publicPart(jwk) as JsonWebKey, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

function soundSecret(jwk: Jwk): Jwk {
  const bytes = decodeBase64url(jwk.k ?? '');
  const fewest = findAlgorithm(jwk.alg ?? '')?.secretLength ?? MIN_SECRET_BYTES;
  if (bytes === undefined || bytes.length < fewest || bytes.length > MAX_SECRET_BYTES) {
    throw malformed(`member "k" must be ${fewest} to ${MAX_SECRET_BYTES} octets as base64url`);
  }
  if (bytes.every((byte) => byte === bytes[0])) throw malformed('the secret is one octet repeated');
  return jwk;
}

function refuseMisuse(jwk: Jwk): void {
  const signing = algorithmsOf(jwk.kty, jwk.crv).map((row) => row.name);
  const encrypting = encryptionAlgorithms[jwk.kty as keyof typeof encryptionAlgorithms];
  const fitting = [...(jwk.use === 'enc' ? [] : signing), ...(jwk.use === 'sig' ? [] : encrypting)];
  if (jwk.alg !== undefined && !fitting.includes(jwk.alg)) throw malformed('"alg" does not fit the key and its use');
  const operationsOf = {
    sig: ['sign', 'verify'],
    enc: operations.filter((name) => !['sign', 'verify'].includes(name)),
  };
  const allowed: readonly string[] = jwk.use === undefined ? operations : operationsOf[jwk.use as 'sig' | 'enc'];
  const given = jwk.key_ops ?? [];
  if (new Set(given).size !== given.length || given.some((name) => !allowed.includes(name))) {
    throw malformed('"key_ops" names an operation twice or one that "use" excludes');
  }
}

// The first certificate must hold the key itself (RFC 7517 section 4.7). Nobody's trust is derived from it.
function refuseStrangeCertificate(jwk: Jwk): void {
  const first = jwk.x5c?.[0];
  if (first === undefined) return;
  if (jwk.kty === 'oct') throw malformed('a symmetric key has no certificate');
  let same: boolean;
  try {
    const certificate = new X509Certificate(Buffer.from(first, 'base64'));
    same = certificate.publicKey.equals(createPublicKey({ key: publicPart(jwk) as JsonWebKey, format: 'jwk' }));
  } catch {
    same = false;
  }
  if (!same) throw malformed('"x5c" does not hold the key');
}

/** Signs and verifies once, which fails where the private part belongs to another public part. */
async function provePair(jwk: Jwk): Promise<void> {
  if (partOf(jwk) !== 'private') return;
  const data = Buffer.from('castellan');
  const digest = algorithmsOf(jwk.kty, jwk.crv)[0]?.digest ?? null;
  try {
    const privateKey = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const publicKey = createPublicKey({ key: publicPart(jwk) as JsonWebKey, format: 'jwk' });
    const signature = await new Promise<Buffer>((resolve, reject) => {
      sign(digest, data, privateKey, (error, made) => (error === null ? resolve(made) : reject(error)));
    });
    if (verify(digest, data, publicKey, signature)) return;
  } catch {
    // Said below: OpenSSL's own words may quote what it was given.
  }
  throw malformed('the private part does not belong to the public part');
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  const member = issue?.path[0];
  return member === undefined ? 'the JWK is not an object' : `member "${String(member)}" is not valid`;
}

function malformed(message: string): KeyError {
  return new KeyError('malformed', message);
}
