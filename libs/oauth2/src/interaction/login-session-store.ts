/** A login of a user in one browser (OpenID Connect Front-Channel Logout section 3: `sid`). Times in milliseconds. */
export type LoginSession = {
  /** Public: it stands in ID tokens and logout tokens, and opens nothing. */
  readonly sid: string;
  readonly subject: string;
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly acr?: string;
  readonly amr: readonly string[];
  readonly identityProviderSessionId?: string;
  /** Whether the browser holds a cookie for it, so that later requests find it. */
  readonly remembered: boolean;
  readonly createdAt: number;
  readonly expiresAt: number;
};

/** A session to begin, or to begin anew under its `sid` when the same subject logs in once more. */
export type NewLoginSession = Omit<LoginSession, 'remembered' | 'createdAt' | 'expiresAt'> & {
  /** SHA-256 of the secret in the browser's session cookie; absent: nothing is remembered. */
  readonly cookieHash?: string;
  readonly lifetimeMs: number;
};

/** A client that got tokens in a session: whom a logout has to be told. */
export type SessionClient = {
  readonly sid: string;
  readonly clientUid: string;
  readonly clientId: string;
  /** The subject of the session. */
  readonly subject: string;
  /** The `sub` that the client was given where the login app chose one. */
  readonly subjectIdentifier?: string;
};

/** Which sessions: one, or all of a subject. */
export type WhichSessions = { readonly sid: string } | { readonly subject: string };

/** A page of a list: what comes after a key, at most so many. */
export type SessionPage = { readonly after: string; readonly limit: number };

/**
 * Where login sessions are kept. They begin in the statement that spends a login verifier
 * (`AuthorizationRequestStore.finishLogin`); a session is live until it is ended or expires, by the database's clock.
 */
export interface LoginSessionStore {
  /** The live session of a browser's cookie, by the hash of the cookie's secret; else undefined. */
  findByCookie(cookieHash: string): Promise<LoginSession | undefined>;

  /** The live session of that `sid`; else undefined. */
  find(sid: string): Promise<LoginSession | undefined>;

  /** Live sessions of a subject, by `sid`. */
  list(subject: string, page: SessionPage): Promise<readonly LoginSession[]>;

  /**
   * Ends sessions: once this returned no replica takes their cookies, and nothing more is issued in them. With
   * `revokeTokens` everything that was granted in them is revoked too. In the same transaction a message is left in the
   * outbox for each client of them that registered a back-channel logout URI. Answers those that were live.
   */
  end(which: WhichSessions, options: { readonly revokeTokens: boolean }): Promise<readonly LoginSession[]>;

  /** The clients that got tokens in sessions, ended or live, by `sid` and client id. */
  clientsOf(sids: readonly string[]): Promise<readonly SessionClient[]>;

  /** Removes at most `limit` sessions past their end, and ended ones a day later; answers how many went. */
  sweep(limit: number): Promise<number>;
}
