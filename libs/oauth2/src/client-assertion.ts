import { JwsError, type Jwk, signatureAlgorithms, verifyJwt } from '@castellan/jwk';
import type { Client } from './client.js';
import type { ClientKeys } from './client-keys.js';
import type { StoredClient } from './client-store.js';
import { OAuth2Error } from './errors.js';

/** The one type of client assertion (RFC 7523 section 2.2). */
export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Algorithms of client assertions: asymmetric ones, for this server keeps no secret that it could read again. */
export const clientAssertionAlgorithms: readonly string[] = signatureAlgorithms
  .filter(({ kty }) => kty !== 'oct')
  .map(({ name }) => name);

/** The use of an assertion: of equal ones, over all replicas, one is the first. */
export type AssertionUse = {
  readonly clientUid: string;
  readonly jti: string;
  /** Milliseconds since the epoch; until then the assertion could be presented again. */
  readonly expiresAt: number;
};

/** Where the `jti` of assertions are kept for as long as the assertions are valid (rulings 9, 16). */
export interface AssertionStore {
  /** Takes note of a use. False when the same assertion was used before. */
  burn(use: AssertionUse): Promise<boolean>;
  /** Forgets at most `limit` assertions that are over; answers how many. */
  sweep(limit: number): Promise<number>;
}

/** Checks assertions of clients. */
export type ClientAssertions = {
  /**
   * The use of a valid assertion (RFC 7523 section 3), still to be burnt; undefined for any other. `clientId` is the
   * `client_id` parameter, when there is one.
   */
  verify(assertion: string, stored: StoredClient): Promise<AssertionUse | undefined>;
  readonly store: AssertionStore;
};

const leewayS = 30;
const maxLifetimeS = 3_600;
const maxLength = 16 * 1024;
const maxJtiLength = 255;

/**
 * What `aud` may be (rulings 37): the issuer, as a string; or also the token URL, and either as a list of one, which says
 * the same (RFC 7519 section 4.1.3). An assertion that another server could take, too, is good in neither.
 */
export type AssertionAudience = 'issuer' | 'issuer-or-token-url';

const isForIssuer: Record<AssertionAudience, (aud: unknown, issuer: string) => boolean> = {
  issuer: (aud, issuer) => aud === issuer,
  'issuer-or-token-url': (aud, issuer) => {
    const sole: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
    return sole === issuer || sole === `${issuer}/oauth2/token`;
  },
};

/** `now` is the database clock in milliseconds. */
export function createClientAssertions(options: {
  readonly keys: ClientKeys;
  readonly store: AssertionStore;
  readonly issuer: string;
  readonly audience: AssertionAudience;
  readonly now: () => number;
}): ClientAssertions {
  const { keys, store, issuer, audience, now } = options;

  async function verifiedClaims(assertion: string, client: Client) {
    const known = await keys.of(client, 'cached');
    const claims = claimsOf(assertion, known, client);
    if (claims !== 'unknown-key') return claims;
    const renewed = await keys.of(client, 'renewed');
    const again = renewed === known ? undefined : claimsOf(assertion, renewed, client);
    return again === 'unknown-key' ? undefined : again;
  }

  return {
    store,
    async verify(assertion, stored) {
      const claims = await verifiedClaims(assertion, stored.client);
      if (claims === undefined) return undefined;
      const { iss, sub, aud, jti } = claims;
      if (iss !== stored.client.id || sub !== stored.client.id) return undefined;
      if (!isForIssuer[audience](aud, issuer)) return undefined;
      if (typeof jti !== 'string' || jti === '' || jti.length > maxJtiLength) return undefined;
      const expiresAt = expiryOf(claims, Math.floor(now() / 1000));
      if (expiresAt === undefined) return undefined;
      return { clientUid: stored.uid, jti, expiresAt: (expiresAt + leewayS) * 1000 };
    },
  };
}

/** The client that an assertion names. Nothing is verified: good only for looking the client up. */
export function claimedClientId(assertion: string): string {
  try {
    if (assertion.length > maxLength) throw new Error('too long');
    const claims: unknown = JSON.parse(Buffer.from(assertion.split('.', 2)[1] ?? '', 'base64url').toString('utf8'));
    const sub = typeof claims === 'object' && claims !== null ? Reflect.get(claims, 'sub') : undefined;
    if (typeof sub === 'string' && sub !== '') return sub;
  } catch {
    // Answered like an assertion without `sub`.
  }
  throw new OAuth2Error('invalid_client', 'the client assertion is not a JWT whose sub names the client');
}

function claimsOf(
  assertion: string,
  keys: readonly Jwk[],
  client: Client,
): Readonly<Record<string, unknown>> | 'unknown-key' | undefined {
  const { tokenEndpointAuthSigningAlg: registered } = client;
  const algorithms = registered === undefined ? clientAssertionAlgorithms : [registered];
  try {
    const { header, claims } = verifyJwt(assertion, keys, { algorithms, maxLength });
    // Without a name, only the one key can be meant.
    if (header['kid'] === undefined && keys.length > 1) return undefined;
    const { typ } = header;
    // Other kinds of JWT have a type of their own (RFC 8725 section 3.11).
    const plain = typ === undefined || /^(?:application\/)?(?:jwt|client-authentication\+jwt)$/i.test(String(typ));
    return plain ? claims : undefined;
  } catch (cause) {
    if (!(cause instanceof JwsError)) throw cause;
    return cause.code === 'key' || cause.code === 'signature' ? 'unknown-key' : undefined;
  }
}

/** `exp` in seconds, when it and the other times are sound. */
function expiryOf(claims: Readonly<Record<string, unknown>>, now: number): number | undefined {
  const { exp, nbf, iat } = claims;
  const sound = [exp, nbf ?? 0, iat ?? 0].every((time) => Number.isSafeInteger(time) && Number(time) >= 0);
  if (!sound) return undefined;
  const expiresAt = Number(exp);
  if (expiresAt + leewayS <= now || expiresAt > now + maxLifetimeS + leewayS) return undefined;
  return Number(nbf ?? 0) > now + leewayS || Number(iat ?? 0) > now + leewayS ? undefined : expiresAt;
}
