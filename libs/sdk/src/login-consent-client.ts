import type { TokenSource } from './client-credentials.js';
import { type Exchanged, exchangeJson, type Fetch } from './fetch.js';
import { errorOfAnswer, LoginConsentError } from './login-consent-error.js';
import type {
  ConsentAcceptance,
  ConsentRequest,
  ConsentSession,
  LoginAcceptance,
  LoginRequest,
  LoginSession,
  LogoutRequest,
  RedirectTo,
  Rejection,
  SessionPage,
} from './login-consent-types.js';

export type LoginConsentClientOptions = {
  /** Origin of the admin API. */
  readonly adminUrl: string;
  /** An access token with the scope `hydra.consent`. */
  readonly tokens: TokenSource;
  /** Milliseconds for one call, its token included; 5000 by default. */
  readonly deadlineMs?: number;
  readonly fetch?: Fetch;
};

/** Which page is wanted: the first where `token` is absent, as long as the server likes where `size` is. */
export type PageRequest = { readonly token?: string | undefined; readonly size?: number };

/** Reads requests of one kind by their challenge, and decides them once. */
export type Requests<Request, Acceptance, Refusal> = {
  get(challenge: string): Promise<Request>;
  accept(challenge: string, acceptance: Acceptance): Promise<RedirectTo>;
  reject(challenge: string, rejection: Refusal): Promise<Refusal extends void ? void : RedirectTo>;
};

/**
 * The calls of a login and consent app. Every one rejects with LoginConsentError: `not_found`, `gone` (with `redirectTo`),
 * `unauthorized`, `refused`, `invalid`, or `outage` when there is no answer in time. Nothing is repeated but a call whose
 * access token was refused, once, with a new one.
 */
export type LoginConsentClient = {
  readonly login: Requests<LoginRequest, LoginAcceptance, Rejection>;
  readonly consent: Requests<ConsentRequest, ConsentAcceptance, Rejection>;
  readonly logout: Requests<LogoutRequest, void, void>;
  readonly consentSessions: {
    /** All of a subject, however many pages there are. */
    list(subject: string): Promise<readonly ConsentSession[]>;
    page(subject: string, page?: PageRequest): Promise<SessionPage<ConsentSession>>;
    /** Of one client, or of all. */
    revoke(subject: string, client: string | { readonly all: true }): Promise<void>;
  };
  readonly loginSessions: {
    /** All of a subject, however many pages there are. */
    list(subject: string): Promise<readonly LoginSession[]>;
    page(subject: string, page?: PageRequest): Promise<SessionPage<LoginSession>>;
    /** All sessions of a subject: every browser has to sign in again. */
    revoke(subject: string): Promise<void>;
    /** One session, by its `sid`. */
    revokeOne(sid: string): Promise<void>;
  };
};

type Call = {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly json?: unknown;
};

/** Makes a client of the admin API's login, consent and logout requests. It keeps nothing but its access token. */
export function createLoginConsentClient(options: LoginConsentClientOptions): LoginConsentClient {
  const call = async (request: Call): Promise<unknown> => valueOf(await send(options, request));

  function requests<Request, Acceptance, Refusal>(kind: string): Requests<Request, Acceptance, Refusal> {
    const path = `/admin/oauth2/auth/requests/${kind}`;
    const query = (challenge: string): Record<string, string> => ({ [`${kind}_challenge`]: challenge });
    return {
      get: async (challenge) => (await call({ method: 'GET', path, query: query(challenge) })) as Request,
      accept: async (challenge, json) =>
        redirectOf(await call({ method: 'PUT', path: `${path}/accept`, query: query(challenge), json })),
      reject: (async (challenge: string, json: Refusal) => {
        const answer = await call({ method: 'PUT', path: `${path}/reject`, query: query(challenge), json });
        return kind === 'logout' ? undefined : redirectOf(answer);
      }) as Requests<Request, Acceptance, Refusal>['reject'],
    };
  }

  function pages<Item>(path: string) {
    const page = async (subject: string, { token, size }: PageRequest = {}): Promise<SessionPage<Item>> => {
      const query = {
        subject,
        ...(size !== undefined ? { page_size: String(size) } : {}),
        ...(token !== undefined ? { page_token: token } : {}),
      };
      const answer = await send(options, { method: 'GET', path, query });
      const items = listOf<Item>(valueOf(answer));
      const next = nextPageToken(answer.link);
      return next === undefined ? { items } : { items, next };
    };
    const list = async (subject: string): Promise<readonly Item[]> => {
      const found: Item[] = [];
      let token: string | undefined;
      do {
        const { items, next } = await page(subject, { token });
        found.push(...items);
        token = next;
      } while (token !== undefined);
      return found;
    };
    return { page, list };
  }

  const sessions = { consent: '/admin/oauth2/auth/sessions/consent', login: '/admin/oauth2/auth/sessions/login' };
  return {
    login: requests('login'),
    consent: requests('consent'),
    logout: requests('logout'),
    consentSessions: {
      ...pages<ConsentSession>(sessions.consent),
      async revoke(subject, client) {
        const which: Record<string, string> = typeof client === 'string' ? { client } : { all: 'true' };
        await call({ method: 'DELETE', path: sessions.consent, query: { subject, ...which } });
      },
    },
    loginSessions: {
      ...pages<LoginSession>(sessions.login),
      async revoke(subject) {
        await call({ method: 'DELETE', path: sessions.login, query: { subject } });
      },
      async revokeOne(sid) {
        await call({ method: 'DELETE', path: sessions.login, query: { sid } });
      },
    },
  };
}

async function send(options: LoginConsentClientOptions, call: Call): Promise<Exchanged> {
  const first = await attempt(options, call);
  if (first.status !== 401) return first;
  // The token may have been revoked, or its key may be gone: one new one, then the answer stands.
  options.tokens.forget();
  return attempt(options, call);
}

async function attempt(
  { adminUrl, tokens, deadlineMs = 5000, fetch: transport = fetch }: LoginConsentClientOptions,
  { method, path, query, json }: Call,
): Promise<Exchanged> {
  const headers = { authorization: `Bearer ${await tokens.get()}` };
  const url = `${adminUrl.replace(/\/+$/, '')}${path}?${new URLSearchParams(query).toString()}`;
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  return exchangeJson(transport, {
    method,
    url,
    headers: json === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...body,
    deadlineMs,
  }).catch((cause: unknown) => {
    throw new LoginConsentError('outage', 0, 'the admin API did not answer', undefined, cause);
  });
}

function valueOf({ status, body }: Exchanged): unknown {
  if (status < 200 || status > 299) throw errorOfAnswer(status, body);
  if (status === 204) return undefined;
  if (typeof body !== 'object' || body === null) throw unexpected(status);
  return body;
}

function redirectOf(body: unknown): RedirectTo {
  const { redirect_to: target } = (body ?? {}) as Record<string, unknown>;
  if (typeof target !== 'string') throw unexpected(200);
  return { redirect_to: target };
}

function listOf<Item>(body: unknown): readonly Item[] {
  if (!Array.isArray(body)) throw unexpected(200);
  return body as readonly Item[];
}

/** The token of the next page, as the Link header names it (RFC 8288); undefined on the last. */
function nextPageToken(link: string | undefined): string | undefined {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1] ?? '';
  const token = new URLSearchParams(target.split('?')[1] ?? '').get('page_token') ?? '';
  return token === '' ? undefined : token;
}

function unexpected(status: number): LoginConsentError {
  return new LoginConsentError('outage', status, 'the admin API answered something that is not understood');
}
