import { describe, expect, it } from 'vitest';
import {
  admin,
  authorizationQuery,
  type ClientName,
  comeBack,
  consentResponse,
  errorOf,
  grantRows,
  newCode,
  redeem,
  type Parameters,
  rawTo,
  startFlow,
  useTarget,
} from './target.js';
import type { RawAnswer } from './raw.js';

const target = useTarget();

function ask(client: ClientName, parameters: Parameters, suffix = ''): Promise<RawAnswer> {
  return rawTo(target(), { path: `/oauth2/auth?${authorizationQuery(client, parameters)}${suffix}` });
}

/** Our own page: no redirect, no cookie, nothing stored. */
function expectPage(answer: RawAnswer): void {
  expect(answer.status).toBe(400);
  expect(answer.headers.has('location')).toBe(false);
  expect(answer.headers.has('set-cookie')).toBe(false);
}

/** A redirect URI that goes into the query as it is, already encoded. */
async function askEncoded(client: ClientName, encoded: string): Promise<RawAnswer> {
  const query = authorizationQuery(client, { redirect_uri: undefined });
  return rawTo(target(), { path: `/oauth2/auth?${query}&redirect_uri=${encoded}` });
}

describe('redirect URIs', () => {
  it('positive control: registered ones are accepted byte for byte', async () => {
    for (const uri of ['https://rp.example/cb', 'https://rp.example/cb?x=1']) {
      expect((await ask('conf', { redirect_uri: uri })).status).toBe(302);
    }
    const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
    for (const uri of ['http://127.0.0.1:51004/cb', 'com.example.app:/cb']) {
      expect((await ask('pub', { redirect_uri: uri, ...pkce })).status).toBe(302);
    }
  });

  it.each([
    ['RU-01', 'https://evil.example/cb'],
    ['RU-02', 'https://rp.example/cb/../x'],
    ['RU-02', 'https://rp.example/cb/'],
    ['RU-02', 'https://rp.example/cb/extra'],
    ['RU-02', 'https://rp.example/cbx'],
    ['RU-03', 'https://rp.example/cb/%2e%2e/x'],
    ['RU-03', 'https://rp.example/%63b'],
    ['RU-03', 'https://rp.example/cb%2f..%2fx'],
    ['RU-05', 'https://rp.example/cb?y=2'],
    ['RU-06', 'https://rp.example/cb?x=2'],
    ['RU-06', 'https://rp.example/cb?x=1&x=1'],
    ['RU-06', 'https://rp.example/cb?x=1&y=2'],
    ['RU-07', 'https://rp.example/cb#f'],
    ['RU-07', 'https://rp.example/cb%23f'],
    ['RU-09', 'https://evil.example\\@rp.example/cb'],
    ['RU-09', 'https:/\\evil.example'],
    ['RU-09', 'https:///evil.example'],
    ['RU-10', 'https://a.rp.example/cb'],
    ['RU-10', 'https://rp.example.evil.example/cb'],
    ['RU-10', 'https://user@rp.example/cb'],
    ['RU-11', 'https://rp.example:444/cb'],
    ['RU-11', 'https://rp.example:443/cb'],
    ['RU-15', 'HTTPS://rp.example/cb'],
    ['RU-15', 'https://RP.example/cb'],
    ['RU-17', 'https://*.example/cb'],
    ['RU-22', 'https://rp.example/cb\r\nSet-Cookie: x=1'],
    ['RU-22', 'https://rp.example/cb%0d%0aSet-Cookie:x'],
    ['RU-22', 'https://rp.example/cb\0'],
    ['RU-22', 'https://rp\t.example/cb'],
    ['RU-23', 'https://rp\u3002example/cb'],
    ['RU-23', 'https://r\u0440.example/cb'],
    ['RU-23', 'https://xn--r-rtb.example/cb'],
  ])('%s: %j is answered with our own page and leaves nothing behind', async (_id, uri) => {
    const before = await grantRows(target());
    const answer = await ask('conf', { redirect_uri: uri });
    expectPage(answer);
    expect(answer.text).not.toContain('evil.example');
    expect(await grantRows(target())).toBe(before);
  });

  it.each([
    ['RU-22', 'https://rp.example/cb%0d%0aSet-Cookie:%20x=1'],
    ['RU-22', 'https://rp.example/cb%00'],
    ['RU-22', 'https://rp.example/cb%ff%fe'],
    ['RU-22', 'https://rp.example/cb%c0%af'],
    ['RU-22', 'https://rp.example/cb%'],
  ])('%s: %s in the query as it is cannot be smuggled past a decoder', async (_id, encoded) => {
    expectPage(await askEncoded('conf', encoded));
  });

  it('RU-25: a redirect URI of 10 KiB is refused, one of 1 MiB ends before it is looked at', async () => {
    expectPage(await ask('conf', { redirect_uri: `https://rp.example/cb?${'a'.repeat(10_240)}` }));
    const answer = await ask('conf', { redirect_uri: `https://rp.example/${'a'.repeat(1_048_576)}` });
    // 0: the connection was closed under the sender.
    expect([0, 400, 414, 431]).toContain(answer.status);
  });

  it.each([
    ['RU-13', 'pub', 'http://127.0.0.1:51004/evil'],
    ['RU-13', 'pub', 'http://127.0.0.1:51004/cb?x'],
    ['RU-13', 'pub', 'http://127.0.0.1:51004/cb/'],
    ['RU-13', 'pub', 'http://127.0.0.1:99999/cb'],
    ['RU-13', 'pub', 'http://127.0.0.1:051/cb'],
    ['RU-13', 'pub', 'http://127.0.0.1:/cb'],
    ['RU-13', 'pub', 'http://localhost:1/cb'],
    ['RU-13', 'pub', 'http://[::1]:1/cb'],
    ['RU-13', 'pub', 'http://127.0.0.2/cb'],
    ['RU-13', 'pub', 'http://127.0.0.1.evil.example/cb'],
    ['RU-13', 'pub', 'http://127.0.0.1:80@evil.example/cb'],
    ['RU-13', 'pub', 'http://0x7f.0.0.1/cb'],
    ['RU-14', 'pub', 'https://127.0.0.1:9/cb'],
    ['RU-15', 'pub', 'com.example.app://cb'],
    ['RU-15', 'pub', 'com.example.app2:/cb'],
    ['RU-15', 'pub', 'COM.EXAMPLE.APP:/cb'],
    ['RU-15', 'pub', 'com.example.app:/cb/'],
  ] as const)('%s: client %s may not be sent to %s', async (_id, client, uri) => {
    expectPage(await ask(client, { redirect_uri: uri }));
  });

  it('RU-18: OpenID Connect requires the parameter, even with one registered', async () => {
    expectPage(await ask('basic', { redirect_uri: undefined }));
    expect((await ask('basic', { redirect_uri: undefined, scope: 'docs' })).status).toBe(302);
  });

  it('RU-19: with two registered nobody chooses for the client', async () => {
    expectPage(await ask('conf', { redirect_uri: undefined, scope: 'docs' }));
    expectPage(await ask('conf', { redirect_uri: '', scope: 'docs' }));
  });

  it.each([
    ['RU-21', 'the other registered URI', { redirect_uri: 'https://rp.example/cb?x=1' }],
    ['RU-21', 'an added query', { redirect_uri: 'https://rp.example/cb?' }],
    ['RU-21', 'none', { redirect_uri: undefined }],
  ])('%s: a code redeemed with %s buys nothing and is spent', async (_id, _what, form) => {
    const code = await newCode(target());
    const answer = await redeem(target(), 'conf', code, form);
    expect([answer.status, errorOf(answer)]).toEqual([400, 'invalid_grant']);
    expect((await redeem(target(), 'conf', code)).status).toBe(400);
  });

  it.each([
    ['RU-07', 'https://rp.example/cb#f'],
    ['RU-13', 'http://evillocalhost/cb'],
    ['RU-13', 'http://localhost.evil.example/cb'],
    ['RU-13', 'http://rp.example/cb'],
    ['RU-17', 'https://*.rp.example/cb'],
    ['RU-17', 'https://rp.example/*'],
    ['RU-22', 'https://rp.example/cb\r\nx'],
    ['RU-23', 'https://rp\u3002example/cb'],
    ['RU-30', 'https://rp.example/cb?code=1&state=2'],
    ['RU-30', 'https://rp.example/cb?c%6fde=1'],
    ['RU-30', 'https://rp.example/cb?error=x'],
    ['RU-30', 'https://rp.example/cb?iss=x'],
    ['RU-30', 'https://rp.example/cb?response=x'],
    ['RU-31', 'javascript:alert(1)'],
    ['RU-31', 'JaVaScRiPt:alert(1)'],
    ['RU-31', 'data:text/html,x'],
    ['RU-31', '//rp.example/cb'],
    ['RU-31', 'https://rp.example@evil.example/cb'],
  ])('%s: %j is not registered', async (_id, uri) => {
    const answer = await admin(target(), 'POST', '/clients', { redirect_uris: [uri] });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('redirect_uris');
  });

  it('RU-26: a client that is deleted meanwhile gets neither code nor redirect', async () => {
    const registered = await admin(target(), 'POST', '/clients', {
      id: 'leaving',
      redirect_uris: ['https://rp.example/cb'],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      scope: 'docs',
    });
    expect(registered.status).toBe(201);
    const flow = await startFlow(target(), 'leaving' as ClientName, { scope: 'docs' });
    await admin(target(), 'DELETE', '/clients/leaving');
    const answer = await comeBack(flow, consentResponse(target(), flow));
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
  });

  it('RU-27: whatever else is wrong, nobody is sent to an unregistered URI', async () => {
    const wrong = { redirect_uri: 'https://evil.example/cb', scope: '"', response_type: 'x' };
    expectPage(await ask('conf', wrong));
    expectPage(await ask('nobody' as ClientName, wrong));
    expectPage(await ask('nobody' as ClientName, { redirect_uri: 'https://rp.example/cb' }));
  });

  it('RU-29: a POST is answered with 303, so that no browser posts the form on', async () => {
    const answer = await rawTo(target(), {
      method: 'POST',
      path: '/oauth2/auth',
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: authorizationQuery('conf'),
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')?.[0]).toMatch(/^https:\/\/consent\.example\//);
  });

  it('RU-30: the response is appended once to a registered query', async () => {
    const flow = await startFlow(target(), 'conf', { redirect_uri: 'https://rp.example/cb?x=1' });
    const { location = '' } = (await comeBack(flow, consentResponse(target(), flow))).headers;
    expect(location.startsWith('https://rp.example/cb?x=1&code=')).toBe(true);
    expect(location.match(/[?&]code=/g)).toHaveLength(1);
    expect(location.match(/[?&]state=/g)).toHaveLength(1);
  });
});
