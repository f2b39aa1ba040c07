import type { AccessTokenFormat, Client } from '../client.js';
import type { Grant, NewFamily, RowKey } from '../grant.js';
import type { GrantKind, LifespanName, Lifespans } from '../lifespans.js';
import { type Lifetimes, signedAtMostMs } from '../lifetimes.js';
import { grantsOfflineAccess } from '../scope.js';
import { familyBucket, tokenBucket, type TokenText } from './token-text.js';
import type { NewAccessToken, NewAuthorizationCode, NewRefreshToken } from './token-store.js';

/** What minting needs. `now` is the database clock in milliseconds, as the token store last observed it. */
export type Mint = {
  readonly tokenText: TokenText;
  readonly lifetimes: Lifetimes;
  readonly now: () => number;
  readonly randomBytes: (n: number) => Buffer;
  /** The server's lifetimes of single grants; they precede `lifetimes`. */
  readonly lifespans?: Lifespans;
  /** Absent: opaque. */
  readonly accessTokenFormat?: AccessTokenFormat;
  /** Lifetime in milliseconds that nothing signed exceeds, unless the general one is longer; a day where absent. */
  readonly signedAtMostMs?: number;
  /** Members of `at_ext` that stand in JWT access tokens beside `ext`. */
  readonly topLevelClaims?: readonly string[];
};

/** A mint for the tokens that a client buys by a grant: its own lifetimes precede those of the grant, these the general ones. */
export function mintFor(mint: Mint, { tokens }: Client, grant: GrantKind): Mint {
  const { lifetimes, signedAtMostMs: signed = signedAtMostMs } = mint;
  const own = (name: LifespanName) => tokens?.lifespans?.[name] ?? mint.lifespans?.[name];
  const format = tokens?.accessTokenFormat ?? mint.accessTokenFormat;
  return {
    ...mint,
    ...(format !== undefined ? { accessTokenFormat: format } : {}),
    signedAtMostMs: Math.max(signed, lifetimes.accessTokenMs),
    lifetimes: {
      ...lifetimes,
      accessTokenMs: own(`${grant}_grant_access_token_lifespan`) ?? lifetimes.accessTokenMs,
      idTokenMs: Math.min(
        own(`${grant}_grant_id_token_lifespan`) ?? lifetimes.idTokenMs,
        Math.max(signed, lifetimes.idTokenMs),
      ),
      refreshTokenIdleMs: own(`${grant}_grant_refresh_token_lifespan`) ?? lifetimes.refreshTokenIdleMs,
    },
  };
}

/** A token as its client gets it, and the row to store for it. */
export type Minted<Row> = { readonly text: string; readonly row: Row };

/** A family that a token belongs to, and the end of all its tokens (milliseconds since the epoch). */
export type FamilyOf = { readonly key: RowKey; readonly expiresAt: number };

// A family outlives its last token a little: the database starts their lifetimes after this process looked at the clock.
const familySlackMs = 60_000;

/** The family of a new grant: with offline access as long as refresh tokens may go on, else as long as code and token. */
export function newFamily(mint: Mint, grant: Grant): NewFamily {
  const { lifetimes } = mint;
  const lifetimeMs = grantsOfflineAccess(grant.scopes)
    ? lifetimes.refreshTokenMs
    : lifetimes.authorizationCodeMs + lifetimes.accessTokenMs + familySlackMs;
  const expiresAt = mint.now() + lifetimeMs;
  const id = mint.randomBytes(32).toString('base64url');
  return { key: { bucket: familyBucket(expiresAt), id }, grant, expiresAt };
}

/** An access token for a grant; it never outlives its family. `lifetimeMs` of the row is what `expires_in` says. */
export function mintAccessToken(mint: Mint, grant: Grant, family?: FamilyOf): Minted<NewAccessToken> {
  const now = mint.now();
  const whole = mint.lifetimes.accessTokenMs;
  const lifetimeMs = family === undefined ? whole : Math.min(whole, Math.max(0, family.expiresAt - now));
  const { text, key } = mint.tokenText.mint('access_token', tokenBucket('access_token', now + lifetimeMs));
  const { clientId, clientUid, subject, scopes, audience, accessTokenExtra } = grant;
  return {
    text,
    row: {
      key,
      grant: { clientId, clientUid, subject, scopes, audience, accessTokenExtra },
      ...(family !== undefined ? { family: family.key } : {}),
      lifetimeMs,
    },
  };
}

/** A refresh token of a family: gone when idle for too long, and with the family. */
export function mintRefreshToken(mint: Mint, family: FamilyOf): Minted<NewRefreshToken> {
  const now = mint.now();
  const lifetimeMs = Math.min(mint.lifetimes.refreshTokenIdleMs, Math.max(0, family.expiresAt - now));
  const { text, key } = mint.tokenText.mint('refresh_token', tokenBucket('refresh_token', now + lifetimeMs));
  return { text, row: { key, lifetimeMs } };
}

/** An authorization code. */
export function mintAuthorizationCode(
  mint: Mint,
  request: Pick<NewAuthorizationCode, 'redirectUri' | 'redirectUriGiven' | 'codeChallenge'>,
): Minted<NewAuthorizationCode> {
  const lifetimeMs = mint.lifetimes.authorizationCodeMs;
  const bucket = tokenBucket('authorization_code', mint.now() + lifetimeMs);
  const { text, key } = mint.tokenText.mint('authorization_code', bucket);
  return { text, row: { key, ...request, lifetimeMs } };
}

/** Whole seconds of a lifetime, as `expires_in` says it. */
export function expiresIn(lifetimeMs: number): number {
  return Math.floor(lifetimeMs / 1000);
}
