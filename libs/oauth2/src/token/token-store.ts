import type { Grant, NewFamily, RowKey } from '../grant.js';
import type { NewConsent } from '../interaction/consent-store.js';
import type { IssuanceDecision } from './issuance-guard.js';

/** An access token row to insert. `family` is absent for client_credentials. Times are milliseconds since the epoch. */
export type NewAccessToken = {
  readonly key: RowKey;
  readonly grant: Omit<Grant, 'idTokenExtra' | 'nonce' | 'authTime'>;
  readonly family?: RowKey;
  readonly lifetimeMs: number;
  /** Where policies guard issuance. */
  readonly decision?: IssuanceDecision;
};

/** A refresh token row to insert; its idle lifetime is cut to what is left of the family. */
export type NewRefreshToken = { readonly key: RowKey; readonly lifetimeMs: number };

/** An authorization code row to insert. */
export type NewAuthorizationCode = {
  readonly key: RowKey;
  readonly redirectUri: string;
  /** Whether the authorization request named the redirect URI; then the token request must repeat it (RFC 6749 section 4.1.3). */
  readonly redirectUriGiven: boolean;
  /** S256 challenge of RFC 7636, when the request had one. */
  readonly codeChallenge?: string;
  readonly lifetimeMs: number;
};

/** A stored authorization code with the grant it stands for. */
export type StoredAuthorizationCode = {
  readonly key: RowKey;
  readonly family: RowKey;
  readonly familyExpiresAt: number;
  readonly grant: Grant;
  readonly redirectUri: string;
  readonly redirectUriGiven: boolean;
  readonly codeChallenge?: string;
  /** `live` only if unused, unexpired, and neither client nor family are gone. */
  readonly state: 'live' | 'used' | 'expired' | 'revoked';
  /** Milliseconds since the first use; absent when unused. */
  readonly usedAgoMs?: number;
};

/** A stored refresh token with the grant it stands for. */
export type StoredRefreshToken = {
  readonly key: RowKey;
  readonly family: RowKey;
  readonly familyExpiresAt: number;
  readonly issuedAt: number;
  /** It lives no longer than its family, whatever stands here. */
  readonly expiresAt: number;
  readonly grant: Grant;
  readonly state: 'live' | 'used' | 'expired' | 'revoked';
  /**
   * Present when the token was used so recently that its answer is kept, the successor is unused and neither client nor
   * family are gone.
   */
  readonly answer?: SealedAnswer & { readonly usedAgoMs: number };
};

/**
 * The answer to a refresh, kept for a short while after it so that the same client may be given it again (rulings 35).
 * Sealed under a key that only the presented refresh token makes: the database alone cannot open it.
 */
export type SealedAnswer = {
  readonly sealed: string;
  /** Of the parameters that shaped the answer. */
  readonly parametersHash: string;
};

/** An access token that may be used now. Times are milliseconds since the epoch. */
export type ActiveAccessToken = {
  readonly grant: Omit<Grant, 'idTokenExtra' | 'nonce' | 'authTime'>;
  readonly family?: RowKey;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly decision?: IssuanceDecision;
};

/** What came of a guarded burn. Only `won` bought anything; the others stored nothing. */
export type BurnOutcome = 'won' | 'lost';

/**
 * Where tokens are kept. Only hashes of MACs come here, never a usable token or code. Lifetimes are judged by the
 * database's clock. Every burn is one guarded statement together with what it buys; equal burns are never merged:
 * of any number of simultaneous ones, over all replicas, exactly one wins (rulings 12).
 */
export interface TokenStore {
  /** The database clock as last observed, in milliseconds since the epoch (rulings 15). */
  now(): number;

  /**
   * Stores an access token of a client without a resource owner. Answers false, and stores nothing, when the client
   * is no longer at `clientRevision` (rulings 18).
   */
  insertClientAccessToken(token: NewAccessToken, clientRevision: number): Promise<boolean>;

  /** The active access token of that key, else undefined: unknown, expired, revoked, family revoked, client deleted. */
  findActiveAccessToken(key: RowKey): Promise<ActiveAccessToken | undefined>;

  /** The authorization code of that key in whatever state; undefined when unknown. Changes nothing. */
  findAuthorizationCode(key: RowKey): Promise<StoredAuthorizationCode | undefined>;

  /**
   * Burns a live code and stores the tokens it buys in one statement. `lost` when it was not live any more, its
   * family is revoked or its client gone.
   */
  consumeAuthorizationCode(burn: {
    readonly code: RowKey;
    /** Absent when the access token has no row. */
    readonly accessToken?: NewAccessToken;
    readonly refreshToken?: NewRefreshToken;
  }): Promise<BurnOutcome>;

  /** Burns a code without buying anything (a wrong verifier, redirect URI or client). Idempotent. */
  burnAuthorizationCode(code: RowKey): Promise<void>;

  /** The refresh token of that key in whatever state; undefined when unknown. Changes nothing. */
  findRefreshToken(key: RowKey): Promise<StoredRefreshToken | undefined>;

  /** Burns a live refresh token and stores its successor and an access token in one statement. */
  rotateRefreshToken(burn: {
    readonly refreshToken: RowKey;
    readonly successor: NewRefreshToken;
    /** Absent when the access token has no row. */
    readonly accessToken?: NewAccessToken;
    /** What is kept of the answer, and for how long. */
    readonly answer?: SealedAnswer & { readonly windowMs: number };
  }): Promise<BurnOutcome>;

  /** Erases at most `limit` kept answers whose window is over; answers how many. */
  sweepAnswers(limit: number): Promise<number>;

  /** Revokes a family: every token of it is inactive on every replica once this returned. Idempotent. */
  revokeFamily(family: RowKey): Promise<void>;

  /**
   * Revokes every grant that fits all that is given, at least one of which must be: its tokens are inactive on every
   * replica once this returned. With a client alone also the tokens that it got for itself, with a row or without.
   * Answers how many grants ended.
   */
  revokeGrants(which: RevokedGrants): Promise<number>;

  /** Revokes one access token that has no family. Idempotent. */
  revokeAccessToken(key: RowKey): Promise<void>;
}

/** Which grants are revoked: those of a client, of a subject, or what the subject granted to the client. */
export type RevokedGrants = { readonly clientId?: string; readonly subject?: string };

/** What the completion of an authorization request stores besides the burnt request. */
export type AuthorizationOutcome = {
  readonly family: NewFamily;
  readonly code?: NewAuthorizationCode;
  readonly accessToken?: NewAccessToken;
  /** The consent that was given for it, to keep. */
  readonly consent?: NewConsent;
};
