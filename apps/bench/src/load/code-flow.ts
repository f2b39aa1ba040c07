import { createHash, createPrivateKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { DynamicRequest, RequestData } from 'autocannon';
import type { CodeFlowPlan } from './plan.js';
import type { Tally } from './tally.js';

/** One flow under way on a connection. */
type Flow = {
  startedAt: number;
  verifier: string;
  /** Where the last redirect pointed. */
  location: string;
  cookies: Map<string, string>;
  failed: boolean;
};

type Step = { readonly request: (flow: Flow) => RequestData; readonly status: readonly number[] };

/** The requests of one flow, for one connection. Refresh tokens that come of flows are added to the list. */
export function codeFlowRequests(plan: CodeFlowPlan, tally: Tally, refreshTokens: string[]): DynamicRequest[] {
  const redirects = [302, 303];
  const follow: Step = { request: ({ location, cookies }) => get(location, cookies), status: redirects };
  const begin: Step = {
    request: ({ verifier, cookies }) => get(authorizationUrl(plan, verifier), cookies),
    status: redirects,
  };
  const redeem: Step = { request: (flow) => redemption(plan, flow), status: [200] };
  const consent = plan.consent.kind === 'signed' ? [signedConsent(plan.consent.key, redirects)] : [follow, follow];
  return [begin, ...consent, redeem].map((step, index, steps) => ({
    setupRequest: (_request, context) => {
      const flow = index === 0 ? startFlow() : flowOf(context);
      context['flow'] = flow;
      return step.request(flow);
    },
    onResponse: (status, body, context, headers) => {
      const flow = flowOf(context);
      const location = String(header(headers, 'location') ?? '');
      if (!step.status.includes(status) || (status !== 200 && /[?&#]error=/.test(location))) {
        if (!flow.failed) tally.fail(`step ${index + 1}: ${status} ${location} ${body}`);
        flow.failed = true;
      }
      flow.location = location;
      keepCookies(flow.cookies, header(headers, 'set-cookie'));
      if (index < steps.length - 1 || flow.failed) return;
      tally.succeed(flow.startedAt);
      const { refresh_token: token } = JSON.parse(body) as { refresh_token?: string };
      if (token !== undefined) refreshTokens.push(token);
    },
  }));
}

function startFlow(): Flow {
  const verifier = randomBytes(32).toString('base64url');
  return { startedAt: performance.now(), verifier, location: '', cookies: new Map(), failed: false };
}

function flowOf(context: Record<string, unknown>): Flow {
  return context['flow'] as Flow;
}

function authorizationUrl(plan: CodeFlowPlan, verifier: string): string {
  const parameters = new URLSearchParams({
    client_id: plan.clientId,
    response_type: 'code',
    redirect_uri: plan.redirectUri,
    scope: plan.scope,
    state: randomBytes(12).toString('base64url'),
    nonce: randomBytes(12).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    // The peer gives refresh tokens only to who asks for consent; here it is asked for in any case.
    ...(plan.consent.kind === 'own-page' ? { prompt: 'consent' } : {}),
  });
  return `${plan.authorizationUrl}?${parameters}`;
}

function redemption(plan: CodeFlowPlan, flow: Flow): RequestData {
  const code = parse(flow.location)?.searchParams.get('code') ?? '';
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: plan.redirectUri,
    code_verifier: flow.verifier,
  };
  return {
    method: 'POST',
    path: new URL(plan.tokenUrl).pathname,
    headers: { Authorization: plan.basic, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  };
}

/** The consent app of the flow: reads the challenge and signs the response, as an app of 2017 does. */
function signedConsent(jwk: import('node:crypto').JsonWebKey, status: readonly number[]): Step {
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return {
    status,
    request: ({ location, cookies }) => {
      const challenge = parse(location)?.searchParams.get('challenge') ?? '';
      const claims = decodeClaims(challenge);
      return get(`${claims['redir']}&consent=${signResponse(key, claims)}`, cookies);
    },
  };
}

function decodeClaims(jwt: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return { redir: '/oauth2/auth?no-challenge=1' };
  }
}

function signResponse(key: KeyObject, challenge: Record<string, unknown>): string {
  const claims = {
    jti: challenge['jti'],
    aud: challenge['aud'],
    exp: challenge['exp'],
    scp: challenge['scp'],
    sub: 'user:12345:dandean',
    at_ext: {},
    id_ext: {},
    iat: Math.floor(Date.now() / 1000),
  };
  const text = [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

function get(url: string, cookies: ReadonlyMap<string, string>): RequestData {
  const { pathname, search } = parse(url) ?? { pathname: '/', search: '' };
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers: Record<string, string> = { Accept: 'text/html', ...(cookie === '' ? {} : { Cookie: cookie }) };
  return { method: 'GET', path: `${pathname}${search}`, headers };
}

function parse(url: string): URL | undefined {
  return URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost') : undefined;
}

function header(headers: Record<string, string | string[]>, name: string): string | string[] | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function keepCookies(jar: Map<string, string>, lines: string | string[] | undefined): void {
  for (const line of [lines ?? []].flat()) {
    const [pair = ''] = line.split(';');
    const name = pair.slice(0, pair.indexOf('=')).trim();
    const value = pair.slice(pair.indexOf('=') + 1);
    if (value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
}
