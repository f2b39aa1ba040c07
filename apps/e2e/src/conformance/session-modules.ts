import type { OAuth2Api } from '@ory/hydra-client';
import type { JWTPayload } from 'jose';
import { expect, it } from 'vitest';
import { Browser, send } from '../http.js';
import { authorizeInSession, type Played, type Session } from './session-player.js';
import {
  callback,
  checkErrorResponse,
  checkIdToken,
  grantTypesOf,
  readTokens,
  requestOf,
  type ResponseMode,
  type Suite,
  type SuiteClient,
  tokenRequest,
} from './suite.js';

/** Of which plan a module is a part; the app speaks the challenge flow, which knows login sessions. */
export type SessionVariant = {
  readonly responseType: string;
  readonly responseMode: ResponseMode;
  readonly suite: () => Suite;
  readonly api: () => OAuth2Api;
};

/** Modules that need nothing but a session share one. */
type Kept = { readonly session: Session; readonly first: Login };

type Login = Played & { readonly idToken: string; readonly claims: JWTPayload };

/** The modules of the plans that send a browser twice, for one response type and mode. */
export function describeSessionModules({ responseType, responseMode, suite, api }: SessionVariant): void {
  let client: SuiteClient | undefined;
  let kept: Promise<Kept> | undefined;

  function openSession(): Session {
    return { suite: suite(), api: api(), browser: new Browser() };
  }

  async function makeRequest(changes: Parameters<typeof requestOf>[1] = {}): Promise<Record<string, string>> {
    client ??= await suite().register({ response_types: [responseType], grant_types: grantTypesOf(responseType) });
    const mode = responseMode === 'form_post' ? { response_mode: 'form_post' } : {};
    return requestOf(client, { response_type: responseType, ...mode, ...changes });
  }

  /** Goes through one authorization and answers the checked ID token, of the token endpoint where there is one. */
  async function logIn(session: Session, changes: Parameters<typeof requestOf>[1] = {}): Promise<Login> {
    const request = await makeRequest(changes);
    const played = await authorizeInSession(session, request);
    const { parameters } = played.response;
    expect(parameters['error']).toBeUndefined();
    expect([parameters['state'], parameters['iss']]).toEqual([request['state'], suite().metadata['issuer']]);
    const idToken = await idTokenOf(parameters);
    const claims = await checkIdToken(suite(), registered(), idToken, { nonce: request['nonce'] ?? '' });
    return { ...played, idToken, claims };
  }

  async function idTokenOf(parameters: Login['response']['parameters']): Promise<string> {
    if (parameters['code'] === undefined) return parameters['id_token'] ?? '';
    return readTokens(await redeem(parameters['code'])).id_token ?? '';
  }

  function redeem(code: string) {
    return tokenRequest(suite(), registered(), { grant_type: 'authorization_code', code, redirect_uri: callback });
  }

  function registered(): SuiteClient {
    if (client === undefined) throw new Error('no client is registered yet');
    return client;
  }

  function keptLogin(): Promise<Kept> {
    kept ??= (async () => {
      const session = openSession();
      const first = await logIn(session, { max_age: '15000' });
      await suite().wait(1_000);
      return { session, first };
    })();
    return kept;
  }

  it('oidcc-prompt-login', async () => {
    const session = openSession();
    const first = await logIn(session);
    await suite().wait(1_000);
    const second = await logIn(session, { prompt: 'login' });
    expect([first.loggedIn, second.loggedIn]).toEqual([true, true]);
    expect(second.claims.sub).toBe(first.claims.sub);
    expect(timeOf(second)).toBeGreaterThan(timeOf(first));
  });

  it('oidcc-prompt-none-not-logged-in', async () => {
    const request = await makeRequest({ prompt: 'none' });
    const { response } = await authorizeInSession(openSession(), request);
    expect(checkErrorResponse(suite(), response, request['state'])).toBe('login_required');
  });

  it.each([
    ['oidcc-prompt-none-logged-in', () => ({ prompt: 'none' })],
    ['oidcc-id-token-hint', ({ idToken }: Login) => ({ prompt: 'none', id_token_hint: idToken })],
  ])('%s', async (_, changes) => {
    const { session, first } = await keptLogin();
    const second = await logIn(session, changes(first));
    expect([second.loggedIn, second.consented]).toEqual([false, false]);
    expect([second.claims.sub, timeOf(second)]).toEqual([first.claims.sub, timeOf(first)]);
  });

  it('oidcc-id-token-hint: of a user who is not logged in here asks for a login', async () => {
    const { first } = await keptLogin();
    const request = await makeRequest({ prompt: 'none', id_token_hint: first.idToken });
    const { response } = await authorizeInSession(openSession(), request);
    expect(checkErrorResponse(suite(), response, request['state'])).toBe('login_required');
  });

  it('oidcc-max-age-1', async () => {
    const session = openSession();
    const first = await logIn(session);
    await suite().wait(2_000);
    const second = await logIn(session, { max_age: '1' });
    expect([first.loggedIn, second.loggedIn]).toEqual([true, true]);
    expect(timeOf(second)).toBeGreaterThan(timeOf(first));
    expect(Math.abs(suite().now() / 1000 - timeOf(second))).toBeLessThan(300);
  });

  it('oidcc-max-age-10000', async () => {
    const { session, first } = await keptLogin();
    const second = await logIn(session, { max_age: '10000' });
    expect([first.loggedIn, second.loggedIn]).toEqual([true, false]);
    expect([second.claims.sub, timeOf(second)]).toEqual([first.claims.sub, timeOf(first)]);
  });

  it('oidcc-login-hint', async () => {
    const hint = `bob@${new URL(callback).hostname}`;
    const { session } = await keptLogin();
    expect((await logIn(session, { login_hint: hint })).loginHint).toBe(hint);
  });

  if (!responseType.split(' ').includes('code')) return;

  it('oidcc-codereuse-30seconds', async () => {
    const { parameters } = (await authorizeInSession(openSession(), await makeRequest())).response;
    const tokens = readTokens(await redeem(parameters['code'] ?? ''));
    const userinfo = () => send(String(suite().metadata['userinfo_endpoint']), { bearer: tokens.access_token });
    expect((await userinfo()).status).toBe(200);
    await suite().wait(30_000);
    const again = await redeem(parameters['code'] ?? '');
    expect([again.status, JSON.parse(again.text)]).toMatchObject([400, { error: 'invalid_grant' }]);
    expect((await userinfo()).status).toBe(401);
  });
}

/** `auth_time`, which this server puts into every ID token of a login. */
function timeOf({ claims }: Login): number {
  expect(claims['auth_time']).toEqual(expect.any(Number));
  return Number(claims['auth_time']);
}
