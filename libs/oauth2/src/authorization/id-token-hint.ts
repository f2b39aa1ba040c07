import { type Jwk, JwsError, verifyJwt } from '@castellan/jwk';
import type { Client } from '../client.js';
import { OAuth2Error } from '../errors.js';
import type { JsonObject } from '../grant.js';

/** The public keys that may verify our ID tokens, each with its `alg`. */
export type IdTokenKeys = () => Promise<readonly Jwk[]>;

const maxLength = 8 * 1024;

/** What an ID token of ours says of whom it was made for. */
export type IdTokenHint = {
  /** As the client knows the subject. */
  readonly subject: string;
  /** Not empty; the client comes first. */
  readonly audience: readonly string[];
  /** The login session, where it was made in one. */
  readonly sid?: string;
  readonly claims: JsonObject;
};

/**
 * An ID token of ours, passed as `id_token_hint` (OpenID Connect Core section 3.1.2.1). It says who shall log in and
 * proves nothing; so it may be expired, but it must be ours and made for this client.
 *
 * @throws OAuth2Error `invalid_request`
 */
export async function readIdTokenHint(
  hint: string,
  expected: { readonly issuer: string; readonly client: Pick<Client, 'id'>; readonly keys: IdTokenKeys },
): Promise<IdTokenHint> {
  const found = await verifyIdTokenHint(hint, expected);
  if (!found.audience.includes(expected.client.id)) throw refusal();
  return found;
}

/**
 * Reads an ID token of ours, which may be expired: signature, type, issuer and members are judged. For whom it was made is
 * the caller's to judge.
 *
 * @throws OAuth2Error `invalid_request`
 */
export async function verifyIdTokenHint(
  hint: string,
  { issuer, keys }: { readonly issuer: string; readonly keys: IdTokenKeys },
): Promise<IdTokenHint> {
  const claims = verifiedClaims(hint, await keys());
  const { iss, sub, aud, sid, exp, iat } = claims;
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  // Userinfo is signed with the same keys and has no exp.
  const isIdToken = typeof exp === 'number' && typeof iat === 'number';
  if (iss !== issuer || !isIdToken || typeof sub !== 'string' || !audience.every(isText)) throw refusal();
  return { subject: sub, audience, claims, ...(isText(sid) ? { sid } : {}) };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function verifiedClaims(hint: string, keys: readonly Jwk[]): JsonObject {
  const algorithms = [...new Set(keys.flatMap((key) => (typeof key.alg === 'string' ? [key.alg] : [])))];
  try {
    return verifyJwt(hint, keys, { algorithms, typ: 'JWT', maxLength }).claims;
  } catch (cause) {
    if (cause instanceof JwsError) throw refusal();
    throw cause;
  }
}

function refusal(): OAuth2Error {
  return new OAuth2Error('invalid_request', 'the id_token_hint is no ID token that was issued to this client here');
}
