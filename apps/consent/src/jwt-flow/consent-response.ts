import { importJWK, type JWK, SignJWT } from 'jose';
import type { Challenge } from './challenge.js';
import type { User } from '../connectors/connector.js';
import { completeRsaPrivateKey } from './rsa-private-key.js';
import { claimsOf } from '../pages/scopes.js';

type Grant = {
  readonly challenge: Challenge;
  readonly user: User;
  readonly grantedScopes: readonly string[];
  /** When the user signed in, milliseconds since the epoch. */
  readonly authenticatedAt: number;
};

/**
 * Signs the consent response (RS256) with the private key of `hydra.consent.response`. Identifier, audience and
 * expiry are those of the challenge; scopes beyond the requested ones are left out.
 */
export async function signConsentResponse(grant: Grant, key: JWK, now: number): Promise<string> {
  const { challenge, user } = grant;
  const scopes = challenge.requestedScopes.filter((scope) => grant.grantedScopes.includes(scope));
  const claims = {
    jti: challenge.id,
    aud: challenge.clientId,
    exp: challenge.expiresAt,
    scp: scopes,
    sub: user.subject,
    at_ext: {},
    id_ext: claimsOf(user, scopes),
    iat: Math.floor(now / 1000),
    auth_time: Math.floor(grant.authenticatedAt / 1000),
  };
  const privateKey = await importJWK(completeRsaPrivateKey(key), 'RS256');
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT' }).sign(privateKey);
}
