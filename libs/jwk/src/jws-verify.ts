import {
  createHmac,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { algorithmsOf, findAlgorithm, schemeOf, type SignatureAlgorithm } from './algorithm.js';
import { decodeBase64url } from './base64url.js';
import { type Jwk, publicPart } from './jwk.js';
import { MIN_RSA_BITS } from './rsa-key.js';
import { parseStrictObject, StrictJsonError } from './strict-json.js';

/** Why a JWS is refused. For logs and tests; callers outside learn only that it was. */
export type JwsErrorCode =
  | 'malformed' // not the strict compact serialization, or the header or the claims are not sound JSON
  | 'algorithm' // `alg` is not accepted here
  | 'critical' // a `crit` header: no extension is understood
  | 'type' // another `typ` than expected
  | 'key' // no key fits
  | 'signature'; // no fitting key made the signature

/** A JWS that is refused. */
export class JwsError extends Error {
  override name = 'JwsError';

  constructor(
    readonly code: JwsErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** What a verifier accepts. */
export type JwsVerification = {
  /** Algorithms accepted at this entry point. A key is used only with the algorithms of its own kind. */
  readonly algorithms: readonly string[];
  /** Expected `typ`, compared without case and without `application/`; absent: any. */
  readonly typ?: string;
  /** Try every fitting key even when the header names one. Default false. */
  readonly ignoreKeyId?: boolean;
  /** Longest JWS read, in characters; default 65 536. */
  readonly maxLength?: number;
};

/** A JWS whose signature is good. Nothing has been said about its claims. */
export type VerifiedJws = {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Buffer;
  /** The key that made the signature, as it was passed in. */
  readonly key: Jwk;
};

const MAX_KEYS_TRIED = 50;
const prepared = new WeakMap<Jwk, KeyObject | null>();

/**
 * Verifies a JWS in compact serialization (RFC 7515 section 5.2, RFC 8725). Strict: exactly three canonical base64url
 * parts, no member named twice, no `crit`, no key taken from the header. The algorithm must be accepted here and fit the
 * key's type, curve, `alg`, `use` and `key_ops`, so a public key is never taken for an HMAC secret.
 * Throws JwsError.
 */
export function verifyJws(jws: string, keys: readonly Jwk[], options: JwsVerification): VerifiedJws {
  const { header, payload, signature, input } = decodeCompact(jws, options.maxLength ?? 65_536);
  const algorithm = acceptedAlgorithm(header, options);
  const candidates = fittingKeys(header, keys, algorithm, options.ignoreKeyId ?? false);
  if (candidates.length === 0) throw new JwsError('key', 'no key fits');
  const key = candidates.find((candidate) => isSignature(input, signature, algorithm, candidate));
  if (key === undefined) throw new JwsError('signature', 'the signature is wrong');
  return { header, payload, key };
}

/** Verifies a JWS whose payload is a JSON object: the claims of a JWT (RFC 7519 section 7.2), read strictly. Throws JwsError. */
export function verifyJwt(
  jws: string,
  keys: readonly Jwk[],
  options: JwsVerification,
): VerifiedJws & { readonly claims: Readonly<Record<string, unknown>> } {
  const verified = verifyJws(jws, keys, options);
  return { ...verified, claims: parseObject(verified.payload, 'claims') };
}

function decodeCompact(jws: string, maxLength: number) {
  if (jws.length > maxLength) throw new JwsError('malformed', 'too long');
  const parts = jws.split('.', 4);
  const [head, body, tail] = parts.map(decodeBase64url);
  if (parts.length !== 3 || head === undefined || body === undefined || tail === undefined) {
    throw new JwsError('malformed', 'not a compact JWS');
  }
  const input = Buffer.from(jws.slice(0, jws.lastIndexOf('.')), 'ascii');
  return { header: parseObject(head, 'header'), payload: body, signature: tail, input };
}

function parseObject(bytes: Buffer, what: string): Readonly<Record<string, unknown>> {
  try {
    return parseStrictObject(bytes);
  } catch (cause) {
    if (cause instanceof StrictJsonError) throw new JwsError('malformed', `the ${what}: ${cause.message}`);
    throw cause;
  }
}

function acceptedAlgorithm(header: Readonly<Record<string, unknown>>, options: JwsVerification): SignatureAlgorithm {
  const { alg, typ, kid } = header;
  const algorithm = typeof alg === 'string' && options.algorithms.includes(alg) ? findAlgorithm(alg) : undefined;
  if (algorithm === undefined || algorithm.name !== alg)
    throw new JwsError('algorithm', 'the algorithm is not accepted');
  // `b64` (RFC 7797) changes what is signed and is only honest together with `crit`.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) {
    throw new JwsError('critical', 'header extensions are not understood');
  }
  if (typ !== undefined && typeof typ !== 'string') throw new JwsError('malformed', 'typ is not a string');
  if (kid !== undefined && typeof kid !== 'string') throw new JwsError('malformed', 'kid is not a string');
  if (options.typ !== undefined && mediaType(typ) !== mediaType(options.typ)) {
    throw new JwsError('type', 'the type is not the expected one');
  }
  return algorithm;
}

function mediaType(typ: string | undefined): string | undefined {
  return typ?.toLowerCase().replace(/^application\//, '');
}

function fittingKeys(
  header: Readonly<Record<string, unknown>>,
  keys: readonly Jwk[],
  algorithm: SignatureAlgorithm,
  ignoreKeyId: boolean,
): readonly Jwk[] {
  const named = header['kid'] === undefined || ignoreKeyId ? keys : keys.filter((key) => key.kid === header['kid']);
  return named.filter((key) => mayVerify(key, algorithm)).slice(0, MAX_KEYS_TRIED);
}

function mayVerify(key: Jwk, algorithm: SignatureAlgorithm): boolean {
  return (
    algorithmsOf(key.kty, key.crv).includes(algorithm) &&
    (key.alg === undefined || key.alg === algorithm.name) &&
    (key.use === undefined || key.use === 'sig') &&
    (key.key_ops === undefined || key.key_ops.includes('verify'))
  );
}

function isSignature(input: Buffer, signature: Buffer, algorithm: SignatureAlgorithm, jwk: Jwk): boolean {
  const key = keyObject(jwk);
  if (key === null) return false;
  if (algorithm.signatureLength !== undefined && signature.length !== algorithm.signatureLength) return false;
  if (algorithm.kty === 'oct') {
    if ((key.symmetricKeySize ?? 0) < (algorithm.secretLength ?? 32)) return false;
    return timingSafeEqual(
      createHmac(algorithm.digest ?? '', key)
        .update(input)
        .digest(),
      signature,
    );
  }
  return verify(algorithm.digest ?? null, input, { key, ...schemeOf(algorithm) }, signature);
}

// Null for a key too weak or too broken to be used; remembered by the identity of the JWK object.
function keyObject(jwk: Jwk): KeyObject | null {
  const known = prepared.get(jwk);
  if (known !== undefined) return known;
  const made = makeKeyObject(jwk);
  prepared.set(jwk, made);
  return made;
}

function makeKeyObject(jwk: Jwk): KeyObject | null {
  if (jwk.kty === 'oct') {
    const secret = decodeBase64url(jwk.k ?? '');
    return secret === undefined || secret.length < 32 ? null : createSecretKey(secret);
  }
  try {
    const key = createPublicKey({ key: publicPart(jwk) as JsonWebKey, format: 'jwk' });
    const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
    const weak = jwk.kty === 'RSA' && ((modulusLength ?? 0) < MIN_RSA_BITS || (publicExponent ?? 0n) < 3n);
    return weak ? null : key;
  } catch {
    return null;
  }
}
