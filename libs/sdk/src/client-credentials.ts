import { exchangeJson, type Fetch } from './fetch.js';
import { errorOfAnswer, LoginConsentError } from './login-consent-error.js';

/** Where access tokens come from. */
export type TokenSource = {
  /** A token that is good for a while yet. */
  get(): Promise<string>;
  /** Says that the token was refused, so that the next one is new. */
  forget(): void;
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

/** A token is given up this long before it expires, so that it does not expire on the way. */
const EXPIRY_MARGIN_MS = 10_000;

/**
 * Access tokens by the client credentials grant (RFC 6749 section 4.4); one is kept until it expires, and callers that
 * come meanwhile share it. `get` rejects with LoginConsentError: `unauthorized` for the credentials, `invalid` for grant
 * or scope, `outage` without an answer.
 */
export function createClientCredentials(options: ClientCredentialsOptions): TokenSource {
  const { now = Date.now } = options;
  let current: Promise<{ value: string; expiresAt: number }> | undefined;
  return {
    async get() {
      const shared = current;
      const kept = await shared?.catch(() => undefined);
      if (kept !== undefined && kept.expiresAt > now()) return kept.value;
      // Of those that found the same token wanting, the first asks; the others take what it gets.
      if (current === shared) current = requestToken(options, now);
      return (await (current ?? requestToken(options, now))).value;
    },
    forget() {
      current = undefined;
    },
  };
}

async function requestToken(
  { tokenUrl, clientId, clientSecret, scope, deadlineMs = 5000, fetch: send = fetch }: ClientCredentialsOptions,
  now: () => number,
): Promise<{ value: string; expiresAt: number }> {
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
  const { access_token: token, expires_in: seconds } = (answer.body ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string' || token === '' || typeof seconds !== 'number')
    throw new LoginConsentError('outage', answer.status, 'the token endpoint answered something else than a token');
  return { value: token, expiresAt: now() + seconds * 1000 - EXPIRY_MARGIN_MS };
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
function basicCredentials(id: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2);
  return Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
}
