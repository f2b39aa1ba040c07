import { exchangeJson, type Fetch } from './fetch.js';
import { errorOfAnswer, LoginConsentError } from './login-consent-error.js';

/** Where access tokens come from. */
export type TokenSource = {
  /** A token that is good for a while yet. */
  get(): Promise<string>;
  /** Says that a token was refused, so that the next one is new; without a token, whichever is kept. */
  forget(token?: string): void;
};

export type ClientCredentialsOptions = {
  /** The token endpoint. */
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Space-separated. */
  readonly scope: string;
  readonly deadlineMs?: number;
  readonly fetch?: Fetch;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
};

/** A token is given up this long before it expires, so that it does not expire on the way; one of short life at half of it. */
const EXPIRY_MARGIN_MS = 10_000;
/** The next token is fetched when so much of a life is over, while the old one is still given out. */
const RENEWAL_SHARE = 0.75;

type Token = { readonly value: string; readonly renewAt: number; readonly expiresAt: number };

/**
 * Access tokens by the client credentials grant (RFC 6749 section 4.4). One is kept; when three quarters of its life are
 * over another is fetched, and nobody waits for that unless the first expires meanwhile. Callers that come while there is
 * none share one fetch. `get` rejects with LoginConsentError: `unauthorized` for the credentials, `invalid` for grant or
 * scope, `outage` without an answer.
 */
export function createClientCredentials(options: ClientCredentialsOptions): TokenSource {
  const { now = Date.now } = options;
  let kept: Token | undefined;
  let fetching: Promise<Token> | undefined;

  /** The fetch that is under way, or a new one. What comes of it is kept unless it was forgotten meanwhile. */
  function fetchToken(): Promise<Token> {
    if (fetching !== undefined) return fetching;
    const started = requestToken(options, now).then(
      (token) => {
        if (fetching === started) [kept, fetching] = [token, undefined];
        return token;
      },
      (error: unknown) => {
        if (fetching === started) fetching = undefined;
        throw error;
      },
    );
    fetching = started;
    return started;
  }

  return {
    async get() {
      const token = kept;
      if (token === undefined || token.expiresAt <= now()) return (await fetchToken()).value;
      // Who gets the old one does not hear of a fetch that fails; the next caller tries again.
      if (token.renewAt <= now()) fetchToken().catch(() => undefined);
      return token.value;
    },
    forget(token) {
      if (token !== undefined && token !== kept?.value) return;
      kept = undefined;
      fetching = undefined;
    },
  };
}

async function requestToken(
  { tokenUrl, clientId, clientSecret, scope, deadlineMs = 5000, fetch: send = fetch }: ClientCredentialsOptions,
  now: () => number,
): Promise<Token> {
  const answer = await exchangeJson(send, {
    method: 'POST',
    url: tokenUrl,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${basicCredentials(clientId, clientSecret)}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }).toString(),
    deadlineMs,
  }).catch((cause: unknown) => {
    throw new LoginConsentError('outage', 0, 'the token endpoint did not answer', undefined, cause);
  });
  if (answer.status !== 200) throw errorOfAnswer(answer.status, answer.body);
  const { access_token: value, expires_in: seconds } = (answer.body ?? {}) as Record<string, unknown>;
  if (typeof value !== 'string' || value === '' || typeof seconds !== 'number')
    throw new LoginConsentError('outage', answer.status, 'the token endpoint answered something else than a token');
  const life = Math.max(seconds, 0) * 1000;
  return {
    value,
    renewAt: now() + life * RENEWAL_SHARE,
    expiresAt: now() + life - Math.min(EXPIRY_MARGIN_MS, life / 2),
  };
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
function basicCredentials(id: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2);
  return Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
}
