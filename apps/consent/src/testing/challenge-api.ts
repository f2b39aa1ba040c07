import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type {
  ConsentAcceptance,
  ConsentRequest,
  ConsentSession,
  LoginAcceptance,
  LoginRequest,
  LoginSession,
  LogoutRequest,
  Rejection,
} from '@castellan/sdk/login-consent';

type Kind = 'login' | 'consent' | 'logout';

/** One decision that the app sent: `login/accept` and its body. */
export type Decision = {
  readonly call: `${Kind}/${'accept' | 'reject'}`;
  readonly challenge: string;
  readonly body: Partial<LoginAcceptance & ConsentAcceptance & Rejection>;
};

export type ChallengeAnswer = { readonly status: number; readonly body?: unknown; readonly link?: string };

/** The challenge API as its contract in the SDK has it: requests are decided once, sessions are listed and revoked. */
export type ChallengeApi = {
  /** Open requests by challenge; changed by tests. */
  readonly login: Map<string, LoginRequest>;
  readonly consent: Map<string, ConsentRequest>;
  readonly logout: Map<string, LogoutRequest>;
  readonly consentSessions: ConsentSession[];
  readonly loginSessions: (LoginSession & { readonly subject: string })[];
  readonly decisions: Decision[];
  /** Sessions that were revoked, as the call's query. */
  readonly revoked: string[];
  /** Where the next answers lead instead of the issuer; what calls answer instead of their own. */
  redirectTo: string | undefined;
  status: number | undefined;
  reset(): void;
  /** The answer to a call of an authorized client; undefined for what is no call. */
  answer(request: IncomingMessage): Promise<ChallengeAnswer | undefined>;
};

/** Makes a challenge API without requests. `issuer` is where its answers lead. */
export function createChallengeApi(issuer: string): ChallengeApi {
  const over = new Set<string>();

  function requestOf(kind: Kind, challenge: string): { status: number; body?: unknown } {
    if (over.has(challenge)) return { status: 410, body: { redirect_to: `${issuer}/oauth2/auth?again=1` } };
    const request = api[kind].get(challenge);
    return request === undefined ? { status: 404, body: { error: 'not_found' } } : { status: 200, body: request };
  }

  function decide(decision: Decision, kind: Kind): { status: number; body?: unknown } {
    const found = requestOf(kind, decision.challenge);
    if (found.status !== 200) return found;
    const login = api.login.get(decision.challenge);
    if (decision.call === 'login/accept' && login?.skip === true && decision.body.subject !== login.subject)
      return { status: 400, body: { error: 'invalid_request' } };
    over.add(decision.challenge);
    api.decisions.push(decision);
    if (decision.call === 'logout/reject') return { status: 204 };
    const verifier = `${kind}_verifier=${decision.challenge}`;
    return { status: 200, body: { redirect_to: api.redirectTo ?? `${issuer}/oauth2/auth?${verifier}` } };
  }

  const api: ChallengeApi = {
    login: new Map(),
    consent: new Map(),
    logout: new Map(),
    consentSessions: [],
    loginSessions: [],
    decisions: [],
    revoked: [],
    redirectTo: undefined,
    status: undefined,
    reset() {
      for (const map of [api.login, api.consent, api.logout, over]) map.clear();
      for (const list of [api.consentSessions, api.loginSessions, api.decisions, api.revoked]) list.length = 0;
      api.redirectTo = undefined;
      api.status = undefined;
    },
    async answer(request) {
      const { pathname, searchParams } = new URL(request.url ?? '', issuer);
      const [, kind, verb] = (/^\/admin\/oauth2\/auth\/requests\/(login|consent|logout)(?:\/(accept|reject))?$/.exec(
        pathname,
      ) ?? []) as [string?, Kind?, ('accept' | 'reject')?];
      const [, sessions] = /^\/admin\/oauth2\/auth\/sessions\/(login|consent)$/.exec(pathname) ?? [];
      if (kind === undefined && sessions === undefined) return undefined;
      if (api.status !== undefined) return { status: api.status, body: { error: 'refused' } };
      const subject = searchParams.get('subject');
      if (sessions !== undefined && request.method === 'DELETE') {
        api.revoked.push(`${sessions}?${searchParams.toString()}`);
        return { status: 204 };
      }
      if (sessions === 'login')
        return pageOf(
          api.loginSessions.filter((session) => session.subject === subject),
          searchParams,
        );
      if (sessions === 'consent')
        return pageOf(
          api.consentSessions.filter((session) => session.consent_request?.subject === subject),
          searchParams,
        );
      if (kind === undefined) return undefined;
      const challenge = searchParams.get(`${kind}_challenge`) ?? '';
      if (verb === undefined && request.method === 'GET') return requestOf(kind, challenge);
      if (verb === undefined || request.method !== 'PUT') return { status: 405 };
      const body = (await json(request).catch(() => ({}))) as Decision['body'];
      return decide({ call: `${kind}/${verb}`, challenge, body }, kind);
    },
  };
  return api;
}

/** A page of some entries, where the query says its size; its token is the index at which it begins. */
function pageOf(entries: readonly unknown[], query: URLSearchParams): ChallengeAnswer {
  const from = Number(query.get('page_token') ?? 0);
  const end = from + Number(query.get('page_size') ?? entries.length);
  const body = entries.slice(from, end);
  return end < entries.length
    ? { status: 200, body, link: `</?page_token=${end}>; rel="next"` }
    : { status: 200, body };
}
