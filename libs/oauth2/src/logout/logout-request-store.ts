import type { SessionClient } from '../interaction/login-session-store.js';

/** Where a logout request waits: for the decision of the user, or for the browser to bring what proves it. */
export type LogoutStage = 'asked' | 'accepted' | 'rejected' | 'done';

/** A logout that has to be confirmed, or that somebody was asked to confirm. */
export type NewLogoutRequest = {
  readonly id: string;
  /** SHA-256 of the secret in the browser's cookie for this request. */
  readonly browserHash: string;
  /** The session that would end, and whose it is. */
  readonly sid: string;
  readonly subject: string;
  /** A client asked, and showed an ID token of this session. */
  readonly rpInitiated: boolean;
  /** The request without the ID token. */
  readonly requestUrl: string;
  /** The client that asked, where it could prove it. */
  readonly clientId?: string;
  readonly postLogoutRedirectUri?: string;
  readonly state?: string;
  /** Our own page asks, not the app. */
  readonly ownPage: boolean;
};

/** A stored logout request; times are milliseconds since the epoch. */
export type LogoutRequest = NewLogoutRequest & {
  readonly stage: LogoutStage;
  readonly requestedAt: number;
  readonly expiresAt: number;
};

/** Where logout requests are kept until they are over, by the clock of the database. */
export interface LogoutRequestStore {
  /** Stores a request that waits. False when the session has `limit` of them already. */
  insert(request: NewLogoutRequest, options: { readonly lifetimeMs: number; readonly limit: number }): Promise<boolean>;

  /** The request of that id that is not over, whatever became of it; else undefined. */
  find(id: string): Promise<LogoutRequest | undefined>;

  /** Decides a request that waits. Of concurrent calls, on any replica, one wins. */
  decide(id: string, decision: 'accepted' | 'rejected'): Promise<'won' | 'lost'>;

  /**
   * Spends a request that stands at `from` and ends its session: its cookies work nowhere any more, what was granted in it
   * without `offline` is revoked, and each client with a back-channel logout URI has a message in the outbox. All of that or
   * nothing. Answers the clients that got tokens in the session; `lost` when the request does not stand there.
   */
  finish(
    id: string,
    options: { readonly from: 'asked' | 'accepted'; readonly giveUpAfterMs: number },
  ): Promise<readonly SessionClient[] | 'lost'>;

  /** Removes at most `limit` requests that are over; answers how many went. */
  sweep(limit: number): Promise<number>;
}
