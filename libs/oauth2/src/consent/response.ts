import { JwsError, type Jwk, verifyJwt } from '@castellan/jwk';
import { OAuth2Error } from '../errors.js';
import type { Grant, JsonObject } from '../grant.js';
import { isStorable, subjectProblem } from '../subject.js';
import { withoutReservedClaims } from '../id-token.js';

/** What the resource owner decided, as the consent app signed it. `authTime` in seconds since the epoch. */
export type ConsentDecision = {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly accessTokenExtra: JsonObject;
  readonly idTokenExtra: JsonObject;
  readonly authTime: number;
  /** Narrows the resources that the request names; absent: all of them. */
  readonly audience?: readonly string[];
} & Pick<Grant, 'sid' | 'consentId' | 'subjectIdentifier'>;

/** What a consent response is judged against. `now` in milliseconds. */
export type ExpectedConsent = {
  readonly requestId: string;
  readonly clientId: string;
  /** All of them allowed to the client as it is now. */
  readonly requestedScopes: readonly string[];
  readonly now: number;
};

/** Claims of a consent response whose signature is good. */
export type ConsentClaims = Readonly<Record<string, unknown>>;

/** PKCS#1 only: the original and its SDKs signed with nothing else, and one family of algorithms cannot be confused. */
const algorithms = ['RS256', 'RS384', 'RS512'];
/** Seconds by which the clocks of the consent app and of this server may differ (rulings 34). */
const leeway = 30;
const maxLength = 64 * 1024;
const maxExtraBytes = 8 * 1024;

/** The public keys whose private parts the consent app signs with. */
export interface ConsentResponseKeys {
  /** The keys as last seen. */
  current(): Promise<readonly Jwk[]>;
  /** The keys as they are now: asked for when a signature fits none of those last seen. */
  refresh(): Promise<readonly Jwk[]>;
}

/** Public keys from JWK texts. Their `alg` and `kid` are dropped: the set is trusted with each RSA algorithm. */
export function readConsentResponseKeys(texts: readonly string[]): readonly Jwk[] {
  return texts.map((text) => {
    const { alg: _alg, kid: _kid, ...key } = JSON.parse(text) as Jwk;
    return key;
  });
}

/**
 * Verifies the signature of a consent response and reads its claims strictly. Keys that were replaced are found without
 * waiting for the cache.
 *
 * @throws OAuth2Error `access_denied`; the hint is for the operator of the consent app
 */
export async function verifyConsentResponse(jwt: string, keys: ConsentResponseKeys): Promise<ConsentClaims> {
  try {
    return verifiedClaims(jwt, await keys.current());
  } catch (cause) {
    if (!(cause instanceof JwsError)) throw cause;
    if (cause.code !== 'signature' && cause.code !== 'key') throw refusedJws(cause);
  }
  try {
    return verifiedClaims(jwt, await keys.refresh());
  } catch (cause) {
    throw cause instanceof JwsError ? refusedJws(cause) : cause;
  }
}

/**
 * Reads the decision out of verified claims: they must name this request, this client and no scope beyond the request.
 *
 * @throws OAuth2Error `access_denied`; the hint is for the operator of the consent app
 */
export function readConsentDecision(claims: ConsentClaims, expected: ExpectedConsent): ConsentDecision {
  const now = Math.floor(expected.now / 1000);
  const issuedAt = checkTimes(claims, now);
  if (claims['jti'] !== expected.requestId) throw refusal('jti is not that of the challenge');
  if (claims['aud'] !== expected.clientId) throw refusal('aud must be the client id, as a string');
  // A challenge has it; a response has not (RFC 8725 section 3.12).
  if (Object.hasOwn(claims, 'redir')) throw refusal('this is a consent challenge');
  return {
    subject: readSubject(claims['sub']),
    scopes: readScopes(claims['scp'], expected.requestedScopes),
    accessTokenExtra: readExtra(claims['at_ext'], 'at_ext'),
    idTokenExtra: withoutReservedClaims(readExtra(claims['id_ext'], 'id_ext')),
    authTime: readAuthTime(claims['auth_time'], issuedAt, now),
  };
}

/** The request that a response claims to answer. Nothing is verified: good only for looking the request up. */
export function claimedRequestId(jwt: string): string | undefined {
  if (jwt.length > maxLength) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(jwt.split('.', 2)[1] ?? '', 'base64url').toString('utf8'));
    const jti = typeof claims === 'object' && claims !== null ? (claims as ConsentClaims)['jti'] : undefined;
    return typeof jti === 'string' ? jti : undefined;
  } catch {
    return undefined;
  }
}

function verifiedClaims(jwt: string, keys: readonly Jwk[]): ConsentClaims {
  const { header, claims } = verifyJwt(jwt, keys, { algorithms, ignoreKeyId: true, maxLength });
  const { typ } = header;
  if (typ !== undefined && String(typ).toLowerCase() !== 'jwt') throw refusal('typ must be JWT');
  return claims;
}

function refusedJws(cause: JwsError): OAuth2Error {
  return refusal(`the JWT is refused (${cause.code})`);
}

/** Checks `exp`, `nbf` and `iat` (RFC 7519 section 4.1); answers `iat`, or now when there is none. */
function checkTimes(claims: ConsentClaims, now: number): number {
  const expiresAt = readTime(claims['exp'], 'exp');
  const notBefore = readTime(claims['nbf'], 'nbf');
  const issuedAt = readTime(claims['iat'], 'iat');
  if (expiresAt === undefined) throw refusal('exp is missing');
  if (expiresAt + leeway <= now) throw refusal('it is expired');
  if (notBefore !== undefined && notBefore > now + leeway) throw refusal('nbf is in the future');
  if (issuedAt !== undefined && issuedAt > now + leeway) throw refusal('iat is in the future');
  return issuedAt ?? now;
}

function readTime(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw refusal(`${name} must be an integer`);
  return value;
}

/** Rulings 34: `auth_time` when present and not in the future, else `iat`. */
function readAuthTime(value: unknown, issuedAt: number, now: number): number {
  const authTime = readTime(value, 'auth_time');
  return authTime !== undefined && authTime <= now ? authTime : Math.min(issuedAt, now);
}

function readSubject(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw refusal('sub is missing: it must name the resource owner');
  const problem = subjectProblem(value);
  if (problem !== undefined) throw refusal(`sub ${problem}`);
  return value;
}

/** Anything but an array grants nothing, as it always did. */
function readScopes(value: unknown, requested: readonly string[]): readonly string[] {
  if (!Array.isArray(value)) return [];
  const scopes = new Set<string>();
  for (const scope of value as readonly unknown[]) {
    if (typeof scope !== 'string') throw refusal('scp must be an array of strings');
    if (!requested.includes(scope)) throw refusal('scp holds a scope that was not requested');
    scopes.add(scope);
  }
  return [...scopes];
}

/** Anything but an object is ignored, as it always was. */
function readExtra(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  if (Buffer.byteLength(JSON.stringify(value)) > maxExtraBytes) throw refusal(`${name} is larger than 8 KiB`);
  if (!isStorable(value)) throw refusal(`${name} holds a NUL or half a character`);
  return value as JsonObject;
}

function refusal(hint: string): OAuth2Error {
  return new OAuth2Error('access_denied', `consent response: ${hint}`);
}
