import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Browser } from '../http.js';
import { readChallenge, respond } from '../consent-player.js';
import { readTokens, tokenRequest } from './suite.js';
import {
  authorizeAs,
  callback,
  callbackOf,
  type CallbackResponse,
  checkErrorResponse,
  checkIdToken,
  claimsOfScope,
  grantTypesOf,
  redeem,
  refusalOf,
  requestOf,
  type ResponseMode,
  standardClaims,
  type Suite,
  type SuiteClient,
  type Tokens,
  userinfoOf,
} from './suite.js';

/** Of which plan a module is a part. */
export type PlanVariant = {
  readonly responseType: string;
  readonly responseMode: ResponseMode;
  readonly suite: () => Suite;
};

type Flow = {
  readonly response: CallbackResponse;
  readonly request: Record<string, string>;
  /** The access token to use at userinfo; absent for response type id_token. */
  readonly accessToken?: string;
  readonly tokens?: Tokens;
};

/** The modules of the plans that need no login session, for one response type and mode. */
export function describeFlowModules({ responseType, responseMode, suite }: PlanVariant): void {
  const words = responseType.split(' ');
  const [hasCode, hasToken, hasIdToken] = ['code', 'token', 'id_token'].map((word) => words.includes(word));
  const via = responseMode === 'form_post' ? 'form_post' : responseType === 'code' ? 'query' : 'fragment';
  let client: SuiteClient | undefined;

  async function registered(): Promise<SuiteClient> {
    client ??= await suite().register({ response_types: [responseType], grant_types: grantTypesOf(responseType) });
    return client;
  }

  async function makeRequest(changes: Parameters<typeof requestOf>[1] = {}): Promise<Record<string, string>> {
    const mode = responseMode === 'form_post' ? { response_mode: 'form_post' } : {};
    return requestOf(await registered(), { response_type: responseType, ...mode, ...changes });
  }

  /** Holds an authorization response against its request, redeems its code, and checks every ID token. */
  async function complete(request: Record<string, string>, response: CallbackResponse): Promise<Flow> {
    const { parameters } = response;
    const asked = await registered();
    expect(response.via).toBe(via);
    expect(`${response.url.origin}${response.url.pathname}`).toBe(callback);
    expect(parameters['error']).toBeUndefined();
    expect([parameters['state'], parameters['iss']]).toEqual([request['state'], suite().metadata['issuer']]);
    expect(Object.hasOwn(parameters, 'code')).toBe(hasCode);
    expect(Object.hasOwn(parameters, 'access_token')).toBe(hasToken);
    expect(Object.hasOwn(parameters, 'id_token')).toBe(hasIdToken);
    const nonce = request['nonce'] !== undefined ? { nonce: request['nonce'] } : {};
    const { code = '', access_token: frontToken, id_token: frontIdToken } = parameters;
    const front =
      frontIdToken === undefined
        ? undefined
        : await checkIdToken(suite(), asked, frontIdToken, {
            ...nonce,
            ...(frontToken !== undefined ? { accessToken: frontToken } : {}),
            ...(hasCode ? { code } : {}),
          });
    // Required where a token comes with it (OpenID Connect Core sections 3.2.2.9, 3.3.2.9).
    if (front !== undefined && hasToken) expect(front['at_hash']).toEqual(expect.any(String));
    if (!hasCode) return { request, response, ...(frontToken !== undefined ? { accessToken: frontToken } : {}) };
    const tokens = await redeem(suite(), asked, code);
    const back = await checkIdToken(suite(), asked, tokens.id_token ?? '', {
      ...nonce,
      accessToken: tokens.access_token,
    });
    if (front !== undefined) expect([front.sub, front.iss, front.aud]).toEqual([back.sub, back.iss, back.aud]);
    return { request, response, tokens, accessToken: tokens.access_token };
  }

  async function play(changes: Parameters<typeof requestOf>[1] = {}): Promise<Flow> {
    const request = await makeRequest(changes);
    return complete(request, await authorizeAs(suite(), request));
  }

  /** The claims about the user, from where this response type gives them. */
  async function claimsOf(flow: Flow): Promise<{ readonly [claim: string]: unknown }> {
    if (flow.accessToken !== undefined) return userinfoOf(suite(), flow.accessToken);
    return suite().verify(flow.response.parameters['id_token'] ?? '', (await registered()).id);
  }

  it('oidcc-server', async () => {
    const flow = await play();
    if (flow.accessToken !== undefined) {
      expect(await userinfoOf(suite(), flow.accessToken)).toEqual({ sub: 'alice' });
    }
  });

  it('oidcc-response-type-missing', async () => {
    const request = await makeRequest({ response_type: undefined });
    const { response } = await refusalOf(suite(), request);
    expect(response?.via).toBe(responseMode === 'form_post' ? 'form_post' : 'query');
    expect(['invalid_request', 'unsupported_response_type']).toContain(
      checkErrorResponse(suite(), response, request['state']),
    );
  });

  // Signature and key ID of every ID token are checked in `complete`.
  it('oidcc-idtoken-signature', async () => void (await play()));

  if (responseType !== 'id_token') {
    it.each([
      ['oidcc-userinfo-get', (token: string) => ({ bearer: token })],
      ['oidcc-userinfo-post-header', (token: string) => ({ method: 'POST', bearer: token })],
      ['oidcc-userinfo-post-body', (token: string) => ({ form: { access_token: token } })],
    ])('%s', async (_, carry) => {
      const { accessToken = '' } = await play();
      expect(await userinfoOf(suite(), accessToken, carry(accessToken))).toEqual({ sub: 'alice' });
    });
  }

  if (responseType === 'code' || responseType === 'code token') {
    it('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
      await play({ nonce: undefined });
    });
  } else {
    it('oidcc-ensure-request-without-nonce-fails', async () => {
      const request = await makeRequest({ nonce: undefined });
      const { response } = await refusalOf(suite(), request);
      expect(response?.via).toBe(via);
      expect(checkErrorResponse(suite(), response, request['state'])).toBe('invalid_request');
    });
  }

  it.each([
    ['oidcc-scope-profile', 'profile'],
    ['oidcc-scope-email', 'email'],
    ['oidcc-scope-address', 'address'],
    ['oidcc-scope-phone', 'phone'],
  ])('%s', async (_, scope) => {
    const claims = await claimsOf(await play({ scope: `openid ${scope}` }));
    expect(claims).toMatchObject(pick(claimsOfScope[scope] ?? []));
    const others = Object.entries(claimsOfScope).flatMap(([other, names]) => (other === scope ? [] : names));
    // An ID token of the front channel holds what the consent app put into it, as it always did.
    if (responseType !== 'id_token') expect(Object.keys(claims).filter((name) => others.includes(name))).toEqual([]);
  });

  it('oidcc-scope-all', async () => {
    const claims = await claimsOf(await play({ scope: 'openid email phone address profile' }));
    expect(claims).toMatchObject(standardClaims);
  });

  it('oidcc-alternate-happy-flow', async () => {
    const request = Object.fromEntries(Object.entries(await makeRequest({ scope: 'email openid' })).reverse());
    const claims = await claimsOf(await complete(request, await authorizeAs(suite(), request)));
    expect(claims).toMatchObject(pick(claimsOfScope['email'] ?? []));
  });

  it.each([
    ['oidcc-display-page', { display: 'page' }],
    ['oidcc-display-popup', { display: 'popup' }],
    ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
    ['oidcc-login-hint', { login_hint: 'bob@suite.example' }],
    ['oidcc-ui-locales', { ui_locales: 'se' }],
    ['oidcc-claims-locales', { claims_locales: 'se' }],
    ['oidcc-ensure-request-with-acr-values-succeeds', { acr_values: '1 2' }],
  ])('%s', async (_, parameters) => void (await play(parameters)));

  it('oidcc-prompt-none-not-logged-in', async () => {
    const request = await makeRequest({ prompt: 'none', state: 's'.repeat(128) });
    const { response } = await refusalOf(suite(), request);
    expect(response?.via).toBe(via);
    expect(['login_required', 'interaction_required', 'account_selection_required', 'consent_required']).toContain(
      checkErrorResponse(suite(), response, request['state']),
    );
  });

  it('oidcc-ensure-registered-redirect-uri', async () => {
    const request = await makeRequest({ redirect_uri: `${callback}/invalid` });
    const { answer } = await refusalOf(suite(), request);
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
    expect(answer.text).toContain('redirect_uri');
  });

  it('oidcc-ensure-post-request-succeeds', async () => {
    const request = await makeRequest();
    const browser = new Browser();
    const sent = await browser.send(String(suite().metadata['authorization_endpoint']), { form: request });
    const challenge = await readChallenge(suite().product, sent.headers.location ?? '');
    const decision = { subject: 'alice', idTokenExtra: standardClaims };
    const response = callbackOf(await browser.send(await respond(suite().product, challenge, decision)));
    await complete(request, response ?? noCallback());
  });

  it('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
    const { state, nonce, ...outside } = await makeRequest();
    const object = [{ alg: 'none' }, { state, nonce, ...outside }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const { response } = await refusalOf(suite(), { ...outside, request: `${object}.` });
    expect(response?.parameters['error']).toBe('request_not_supported');
    expect(suite().metadata['request_object_signing_alg_values_supported']).not.toContain('none');
  });

  it('oidcc-ensure-request-object-with-redirect-uri', async () => {
    const request = { ...(await makeRequest()), redirect_uri: `${callback}/invalid`, request: 'e30.e30.' };
    const { answer } = await refusalOf(suite(), request);
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
  });

  if (responseType !== 'id_token') {
    it('oidcc-claims-essential', async () => {
      const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
      expect(await claimsOf(await play({ claims }))).toEqual({ sub: 'alice', name: standardClaims.name });
    });
  }

  if (hasCode === true) describeCodeModules();

  function describeCodeModules(): void {
    it('oidcc-server-client-secret-post', async () => {
      const metadata = { token_endpoint_auth_method: 'client_secret_post' };
      const types = { response_types: [responseType], grant_types: grantTypesOf(responseType) };
      const posting = await suite().register({ ...types, ...metadata });
      const request: Record<string, string> = { ...(await makeRequest()), client_id: posting.id };
      const { parameters } = await authorizeAs(suite(), request);
      const tokens = await redeem(suite(), posting, parameters['code'] ?? '');
      await checkIdToken(suite(), posting, tokens.id_token ?? '', { nonce: request['nonce'] ?? '' });
    });

    it('oidcc-ensure-request-with-valid-pkce-succeeds', async () => {
      const verifier = 'v'.repeat(64);
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const request = await makeRequest({ code_challenge: challenge, code_challenge_method: 'S256' });
      const { parameters } = await authorizeAs(suite(), request);
      const form = { grant_type: 'authorization_code', code: parameters['code'] ?? '', redirect_uri: callback };
      readTokens(await tokenRequest(suite(), await registered(), { ...form, code_verifier: verifier }));
    });

    it('oidcc-codereuse', async () => {
      const { response } = await play();
      const form = {
        grant_type: 'authorization_code',
        code: response.parameters['code'] ?? '',
        redirect_uri: callback,
      };
      const answer = await tokenRequest(suite(), await registered(), form);
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: 'invalid_grant' }]);
    });

    it('oidcc-refresh-token', async () => {
      const types = {
        response_types: [responseType],
        grant_types: [...grantTypesOf(responseType), 'refresh_token'],
      };
      const [one, two] = [await suite().register(types), await suite().register(types)];
      const scope = 'openid offline_access';
      const tokensOf = async (owner: SuiteClient) => {
        const request = { ...(await makeRequest({ scope, prompt: 'consent' })), client_id: owner.id };
        const { parameters } = await authorizeAs(suite(), request);
        return redeem(suite(), owner, parameters['code'] ?? '');
      };
      const [first, other] = [await tokensOf(one), await tokensOf(two)];
      expect(first.refresh_token).toMatch(/^[\x20-\x7e]+$/);
      const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '', scope };
      const second = readTokens(await tokenRequest(suite(), one, refresh));
      expect(second.access_token).not.toBe(first.access_token);
      const [before, after] = [
        await suite().verify(first.id_token ?? '', one.id),
        await suite().verify(second.id_token ?? '', one.id),
      ];
      const kept = ['iss', 'sub', 'aud', 'azp', 'auth_time'];
      for (const name of kept) expect(after[name]).toEqual(before[name]);
      expect([undefined, before['nonce']]).toContain(after['nonce']);
      expect(await userinfoOf(suite(), second.access_token)).toMatchObject({ sub: 'alice' });
      const stolen = { grant_type: 'refresh_token', refresh_token: other.refresh_token ?? '' };
      const answer = await tokenRequest(suite(), one, stolen);
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: 'invalid_grant' }]);
      // And does its owner no harm.
      readTokens(await tokenRequest(suite(), two, stolen));
    });
  }
}

function pick(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(standardClaims).filter(([name]) => names.includes(name)));
}

function noCallback(): never {
  throw new Error('no callback');
}
