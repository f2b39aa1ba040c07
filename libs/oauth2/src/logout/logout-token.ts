import type { Client } from '../client.js';
import type { SubjectIdentifier } from '../subject-identifier.js';

/** The event that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4). */
export const backchannelLogoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/** Signs the claims of logout tokens with the key of ID tokens of an algorithm, that of the server where none is named. */
export type SignLogoutToken = (claims: object, algorithm: string | undefined) => Promise<string>;

/** What logout tokens are made with. */
export type LogoutTokenTools = {
  readonly issuer: string;
  readonly subjectIdentifier: SubjectIdentifier;
  readonly signLogoutToken: SignLogoutToken;
  /** The database clock in milliseconds. */
  readonly now: () => number;
  readonly randomBytes: (n: number) => Buffer;
};

// Section 2.4 recommends at most two minutes; an attempt takes seconds, and each has a token of its own.
const lifetimeSeconds = 120;

/**
 * Makes a logout token for a client (section 2.4): who was logged out, as this client knows the subject, and of which
 * session. It never has a `nonce`, and its type is its own, so that it passes for no ID token.
 */
export function mintLogoutToken(
  client: Client,
  ended: { readonly subject: string; readonly sid?: string; readonly sub?: string },
  { issuer, subjectIdentifier, signLogoutToken, now, randomBytes }: LogoutTokenTools,
): Promise<string> {
  const issuedAt = Math.floor(now() / 1000);
  const claims = {
    iss: issuer,
    aud: client.id,
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
    jti: randomBytes(16).toString('base64url'),
    events: { [backchannelLogoutEvent]: {} },
    sub: ended.sub ?? subjectIdentifier(client, ended.subject),
    ...(ended.sid !== undefined ? { sid: ended.sid } : {}),
  };
  return signLogoutToken(claims, client.openid?.idTokenSignedResponseAlg);
}
