/**
 * The claims of a consent challenge, with their members in the order of the original. `exp` in seconds since the epoch;
 * `redir` is where the consent app sends the browser back to, with `&consent=` and its response appended; `scp` is null
 * when no scope was requested.
 */
export type ConsentChallenge = {
  readonly aud: string;
  readonly exp: number;
  readonly jti: string;
  readonly redir: string;
  readonly scp: readonly string[] | null;
};

/** Signs a challenge as a JWS whose header is exactly `alg` and `typ`. */
export type SignConsentChallenge = (challenge: ConsentChallenge) => Promise<string>;

/** The challenge of a stored authorization request. Times are milliseconds; `query` is not empty. */
export function createConsentChallenge(request: {
  readonly requestId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly issuer: string;
  readonly query: string;
  readonly now: number;
  readonly lifetimeMs: number;
}): ConsentChallenge {
  return {
    aud: request.clientId,
    exp: Math.floor((request.now + request.lifetimeMs) / 1000),
    jti: request.requestId,
    redir: `${request.issuer}/oauth2/auth?${request.query}`,
    scp: request.scopes.length === 0 ? null : request.scopes,
  };
}
