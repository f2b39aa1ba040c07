import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../client.js';
import {
  type AuthorizationHarness,
  callback,
  challengeKey,
  challengeOf,
  claimsOf,
  consentUrl,
  createAuthorizationHarness,
  issuer,
  partsOf,
  responseOf,
  startTime,
} from '../testing/authorization-harness.js';

type Parameters = { readonly [name: string]: string | undefined };

const s256 = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const base: Parameters = {
  client_id: 'conf',
  redirect_uri: callback,
  response_type: 'code',
  scope: 'openid offline',
  state: 'abcdefghij',
  nonce: 'n-0S6_WzA2Mj',
};

describe('a new authorization request', () => {
  let harness: AuthorizationHarness;

  beforeEach(async () => {
    harness = await createAuthorizationHarness();
    await harness.register({
      responseTypes: ['code', 'token', 'id_token'],
      grantTypes: ['authorization_code', 'implicit'],
    });
  });

  it('goes to the consent app with a challenge exactly as the original made it', async () => {
    const outcome = await harness.openBrowser().start(base);
    expect(partsOf(outcome).target).toBe(consentUrl);
    const jws = responseOf(outcome)['challenge'] ?? '';
    await compactVerify(jws, createPublicKey({ key: challengeKey.jwk as JsonWebKey, format: 'jwk' }));
    expect(decodeProtectedHeader(jws)).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect(Object.keys(claimsOf(jws))).toEqual(['aud', 'exp', 'jti', 'redir', 'scp']);
    const claims = challengeOf(outcome);
    expect(claims).toMatchObject({ aud: 'conf', exp: startTime / 1000 + 600, scp: ['openid', 'offline'] });
    expect(claims.jti).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const redir = new URL(claims.redir);
    expect(redir.origin + redir.pathname).toBe(`${issuer}/oauth2/auth`);
    expect(Object.fromEntries(redir.searchParams)).toEqual(base);
  });

  it('without scopes has the scp null', async () => {
    const outcome = await harness.openBrowser().start({ ...base, scope: undefined });
    expect(claimsOf(responseOf(outcome)['challenge'] ?? '')).toHaveProperty('scp', null);
  });

  it('keeps the query of the consent URL', async () => {
    harness = await createAuthorizationHarness({ consentUrl: `${consentUrl}?tenant=a` });
    await harness.register();
    const outcome = await harness.openBrowser().start(base);
    expect(responseOf(outcome)).toMatchObject({ tenant: 'a', challenge: expect.any(String) });
  });

  it('carries parameters that the server does not know, but neither secrets nor an empty consent', async () => {
    const sent = { ...base, display: 'page', login_hint: 'a+b@c.d', client_secret: 'hidden-secret', consent: '' };
    const challenge = challengeOf(await harness.openBrowser().start(sent));
    const carried = Object.fromEntries(new URL(challenge.redir).searchParams);
    expect(carried).toEqual({ ...base, display: 'page', login_hint: 'a+b@c.d' });
    const pending = await harness.requests.findPending(challenge.jti);
    expect(pending?.parameters).toEqual(base);
  });

  it('is stored with hashes of what the browser holds, not with the secret itself', async () => {
    const browser = harness.openBrowser();
    const challenge = challengeOf(await browser.start(base));
    const pending = await harness.requests.findPending(challenge.jti);
    const [value] = browser.jar.values();
    const bytes = Buffer.from(value ?? '', 'base64url');
    expect(bytes.includes(Buffer.from(pending?.browserHash ?? '', 'base64url'))).toBe(false);
  });

  it.each([
    [true, '__Host-castellan_flow_'],
    [false, 'castellan_flow_'],
  ])('over https=%s sets a cookie named %s and the request id', async (secure, prefix) => {
    const outcome = await harness.openBrowser(secure).start(base);
    expect(outcome.cookies).toEqual([
      { name: prefix + challengeOf(outcome).jti, value: expect.any(String), maxAgeSeconds: 600 },
    ]);
  });

  it('takes the oldest flows from a browser that opens very many', async () => {
    const browser = harness.openBrowser();
    for (let count = 0; count < 20; count++) {
      harness.advance(1_000);
      await browser.start(base);
    }
    expect(browser.jar.size).toBe(16);
  });

  it('beyond the bound of undecided requests of a client is temporarily unavailable', async () => {
    harness = await createAuthorizationHarness({ pendingRequestsPerClient: 2 });
    await harness.register();
    await harness.openBrowser().start(base);
    await harness.openBrowser().start(base);
    const outcome = await harness.openBrowser().start(base);
    expect(responseOf(outcome)).toMatchObject({ error: 'temporarily_unavailable', state: base['state'] });
  });
});

describe('a request without a redirect URI to be trusted ends on the error page', () => {
  const cases: readonly (readonly [string, Parameters, string])[] = [
    ['unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['missing client', { client_id: undefined }, 'invalid_request'],
    [
      'unknown client, evil redirect and bad scope',
      { client_id: 'x', redirect_uri: 'https://evil.example', scope: '"' },
      'invalid_client',
    ],
    ['evil redirect URI', { redirect_uri: 'https://evil.example/cb' }, 'invalid_request'],
    ['missing redirect URI with openid', { redirect_uri: undefined }, 'invalid_request'],
    ['control character', { state: 'a\u0000b' }, 'invalid_request'],
  ];

  it.each(cases)('%s', async (_, changes, error) => {
    const harness = await createAuthorizationHarness();
    await harness.register();
    const outcome = await harness.openBrowser().start({ ...base, ...changes });
    expect(outcome.kind === 'error-page' && outcome.error.code).toBe(error);
    expect(outcome.cookies).toEqual([]);
  });

  it('a parameter that is repeated', async () => {
    const harness = await createAuthorizationHarness();
    await harness.register();
    const outcome = await harness.openBrowser().follow(`${issuer}/?client_id=conf&client_id=conf`);
    expect(outcome.kind).toBe('error-page');
  });

  it('or, in the legacy profile, at the consent app as the original did', async () => {
    const harness = await createAuthorizationHarness({ legacyErrorRedirect: true });
    const outcome = await harness.openBrowser().start(base);
    expect(outcome.kind).toBe('to-consent');
    expect(partsOf(outcome).target).toBe(consentUrl);
    expect(responseOf(outcome)).toMatchObject({
      error: 'invalid_client',
      error_description: expect.stringContaining('Client authentication failed'),
    });
  });
});

describe('an invalid request with a trusted redirect URI goes back to the client', () => {
  const wide: Partial<Client> = {
    responseTypes: ['code', 'token', 'id_token'],
    grantTypes: ['authorization_code', 'implicit'],
  };
  type Case = readonly [name: string, changes: Parameters, error: string, client: Partial<Client>];
  const cases = [
    ['missing response type', { response_type: undefined }, 'invalid_request'],
    ['response type none', { response_type: 'none' }, 'unsupported_response_type'],
    ['response type twice the same', { response_type: 'code code' }, 'unsupported_response_type'],
    ['response type constructor', { response_type: 'constructor' }, 'unsupported_response_type'],
    ['response type token not registered', { response_type: 'token' }, 'unauthorized_client'],
    ['response type id_token not registered', { response_type: 'id_token' }, 'unauthorized_client'],
    ['response type code token not registered', { response_type: 'code token' }, 'unauthorized_client'],
    [
      'hybrid registered by half',
      { response_type: 'code id_token' },
      'unauthorized_client',
      { responseTypes: ['code', 'token'], grantTypes: ['authorization_code', 'implicit'] },
    ],
    [
      'token without the grant type implicit',
      { response_type: 'token' },
      'unauthorized_client',
      { responseTypes: ['token'] },
    ],
    ['code without its grant type', {}, 'unauthorized_client', { grantTypes: ['implicit'] }],
    ['id_token without openid', { response_type: 'id_token', scope: 'offline' }, 'unsupported_response_type', wide],
    ['id_token without nonce', { response_type: 'id_token', nonce: undefined }, 'invalid_request', wide],
    [
      'hybrid with id_token without nonce',
      { response_type: 'code id_token', nonce: undefined },
      'invalid_request',
      wide,
    ],
    ['code in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['token in the query', { response_type: 'token', response_mode: 'query' }, 'invalid_request', wide],
    ['response mode jwt', { response_mode: 'jwt' }, 'unsupported_response_mode'],
    ['request object', { request: 'eyJ' }, 'request_not_supported'],
    ['request object by reference', { request_uri: 'https://rp.example/r' }, 'request_uri_not_supported'],
    ['scope beyond the client', { scope: 'openid hydra.clients' }, 'invalid_scope'],
    ['scope that is a prefix of an allowed one', { scope: 'photo' }, 'invalid_scope'],
    ['scope wildcard', { scope: '*' }, 'invalid_scope'],
    ['scope with a quote', { scope: 'open"id' }, 'invalid_scope'],
    ['public client without PKCE', {}, 'invalid_request', { public: true }],
    ['client that requires PKCE without it', {}, 'invalid_request', { requirePkce: true }],
    ['challenge without method', { code_challenge: s256 }, 'invalid_request'],
    ['method without challenge', { code_challenge_method: 'S256' }, 'invalid_request'],
    ['method plain', { code_challenge: s256, code_challenge_method: 'plain' }, 'invalid_request'],
    ['method S512', { code_challenge: s256, code_challenge_method: 'S512' }, 'invalid_request'],
    ['method s256', { code_challenge: s256, code_challenge_method: 's256' }, 'invalid_request'],
    ['challenge of 42 characters', { code_challenge: s256.slice(1), code_challenge_method: 'S256' }, 'invalid_request'],
    ['challenge of 44 characters', { code_challenge: `${s256}A`, code_challenge_method: 'S256' }, 'invalid_request'],
    ['padded challenge', { code_challenge: `${s256}=`, code_challenge_method: 'S256' }, 'invalid_request'],
    [
      'challenge as base64',
      { code_challenge: s256.replace('-', '+'), code_challenge_method: 'S256' },
      'invalid_request',
    ],
    ['prompt none', { prompt: 'none' }, 'login_required'],
    ['prompt none and login', { prompt: 'none login' }, 'invalid_request'],
    ['unknown prompt', { prompt: 'sing' }, 'invalid_request'],
    ['prompt none for an invalid request', { prompt: 'none', scope: 'hydra' }, 'invalid_scope'],
    ['negative max_age', { max_age: '-1' }, 'invalid_request'],
    ['max_age NaN', { max_age: 'NaN' }, 'invalid_request'],
    ['max_age 1e9', { max_age: '1e9' }, 'invalid_request'],
    ['max_age with a fraction', { max_age: '1.5' }, 'invalid_request'],
    ['nonce over 1 KiB', { nonce: 'n'.repeat(1025) }, 'invalid_request'],
    ['request over 8 KiB', { login_hint: 'x'.repeat(8192) }, 'invalid_request'],
  ].map(([name, changes, error, client = {}]) => [name, changes, error, client] as Case);

  it.each(cases)('%s', async (_, changes, error, client) => {
    const harness = await createAuthorizationHarness();
    await harness.register(client);
    const outcome = await harness.openBrowser().start({ ...base, ...changes });
    expect(outcome.kind).toBe('error-to-client');
    expect(outcome.cookies).toEqual([]);
    expect(responseOf(outcome)).toEqual({
      error,
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
      state: base['state'],
      iss: issuer,
    });
    expect(partsOf(outcome).target).toBe(callback);
    const inFragment = changes['response_type']?.split(' ').some((word) => word.endsWith('token')) ?? false;
    expect(partsOf(outcome).mode).toBe(inFragment ? 'fragment' : 'query');
  });

  it('for a scope that names it and the remedy', async () => {
    const harness = await createAuthorizationHarness();
    await harness.register();
    const outcome = await harness.openBrowser().start({ ...base, scope: 'openid offline hydra.clients' });
    const description = responseOf(outcome)['error_description'] ?? '';
    expect(description).toMatch(/^The requested scope is invalid, unknown, or malformed: .*'hydra\.clients'/);
    expect(description).toMatch(/castellan clients create --allowed-scopes .*hydra\.clients$/);
  });

  it('for scopes, and offers nothing for pasting into a shell that a stranger wrote for one', async () => {
    const harness = await createAuthorizationHarness();
    await harness.register();
    for (const scope of ['$(id)', '`id`', 'a;id', 'a|id', 'a&id', '>x', "a'b", '*', '!!', '~']) {
      const outcome = await harness.openBrowser().start({ ...base, scope: `openid ${scope}` });
      expect(responseOf(outcome)['error_description']).toMatch(/--allowed-scopes \.\.\.,<scope>$/);
    }
  });

  it('for a missing code challenge when the server requires PKCE', async () => {
    const harness = await createAuthorizationHarness({ requirePkce: true });
    await harness.register();
    expect(responseOf(await harness.openBrowser().start(base))['error']).toBe('invalid_request');
    const proven = { ...base, code_challenge: s256, code_challenge_method: 'S256' };
    expect((await harness.openBrowser().start(proven)).kind).toBe('to-consent');
  });
});

describe('state', () => {
  const states = ['"<>&\'', '\u{1f30d} \u00fc', 'a+b c%20d', 'x;y=z&iss=evil#frag?', 'a/b', '%00', 's'.repeat(2048)];

  it.each(states)('%s is repeated byte by byte', async (state) => {
    const harness = await createAuthorizationHarness();
    await harness.register();
    const outcome = await harness.openBrowser().start({ ...base, state, prompt: 'none' });
    expect(responseOf(outcome)['state']).toBe(state);
    expect([...partsOf(outcome).parameters.keys()]).toEqual(['error', 'error_description', 'state', 'iss']);
  });

  it('over 2 KiB is refused and not repeated', async () => {
    const harness = await createAuthorizationHarness();
    await harness.register();
    const outcome = await harness.openBrowser().start({ ...base, state: '\u00fc'.repeat(1025) });
    expect(responseOf(outcome)).toMatchObject({ error: 'invalid_request', iss: issuer });
    expect(responseOf(outcome)).not.toHaveProperty('state');
  });

  it.each([undefined, 'short'])('%s is refused where at least 8 characters are configured', async (state) => {
    const harness = await createAuthorizationHarness({ stateMinLength: 8 });
    await harness.register();
    const outcome = await harness.openBrowser().start({ ...base, state });
    expect(responseOf(outcome)['error']).toBe('invalid_state');
  });

  it('is optional', async () => {
    const harness = await createAuthorizationHarness();
    await harness.register();
    expect((await harness.openBrowser().start({ ...base, state: undefined })).kind).toBe('to-consent');
  });
});
