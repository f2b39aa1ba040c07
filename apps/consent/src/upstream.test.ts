import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConsentApp, startConsentApp } from './consent-app.js';
import { subjectPrefix } from './connectors/upstream-connector.js';
import { type Browser, formOf, openBrowser, type Page } from './testing/browser.js';
import { consentConfig } from './testing/consent-config.js';
import { type FakeAuthorizationServer, startFakeAuthorizationServer } from './testing/fake-authorization-server.js';
import { type FakeOpenIdProvider, startFakeOpenIdProvider } from './testing/fake-openid-provider.js';

let server: FakeAuthorizationServer;
let provider: FakeOpenIdProvider;
let app: ConsentApp;
let browser: Browser;
const logged: string[] = [];

beforeEach(async () => {
  server = await startFakeAuthorizationServer(Date.now);
  provider = await startFakeOpenIdProvider(Date.now);
  provider.userinfo = { sub: 'alice', name: 'Alice Doe', email: 'alice@idp.example', email_verified: true };
  logged.length = 0;
  app = await startConsentApp(
    {
      ...consentConfig(server),
      upstream: {
        issuer: provider.issuer,
        clientId: 'the-consent-app',
        clientSecret: 'upstream-secret',
        scope: 'openid profile email',
        label: 'Our directory',
      },
    },
    { log: (level, message, fields) => logged.push(JSON.stringify([level, message, fields])) },
  );
  browser = openBrowser(app.url);
  server.challenges.login.set('l1', {
    challenge: 'l1',
    client: { client_id: 'some-consumer', client_name: 'Some Consumer', redirect_uris: ['https://app.example/cb'] },
    request_url: `${server.issuer}/oauth2/auth?client_id=some-consumer&max_age=60&login_hint=alice`,
    requested_scope: ['openid'],
    skip: false,
    subject: '',
    oidc_context: { login_hint: 'alice' },
  });
});

afterEach(async () => {
  await app.close();
  await provider.close();
  await server.close();
});

/** Sends the browser from the login page to the provider: the authorization request that arrives there. */
async function leave(): Promise<string> {
  const page = await browser.open('/login?login_challenge=l1');
  expect(page.html).toContain('formaction="/login/upstream?login_challenge=l1"');
  const { remember: _unchecked, ...fields } = formOf(page, '/login').fields;
  return (await browser.submit('/login/upstream?login_challenge=l1', fields)).url;
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function comeBack(url: string): Promise<Page> {
  return browser.open(pathOf(url));
}

describe('signing in at an upstream OpenID provider', () => {
  it('asks by code with PKCE, state and nonce, and hands on what the request asks of the login', async () => {
    const query = new URL(await leave()).searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: 'the-consent-app',
      response_type: 'code',
      redirect_uri: `${app.url}/login/upstream/callback`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
      max_age: '60',
      login_hint: 'alice',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(query.get(name)).toMatch(/^[\w-]{43}$/);
  });

  it('accepts the login for a subject that is nobody else’s', async () => {
    provider.idToken = { auth_time: Math.floor(Date.now() / 1000) };
    const answer = await comeBack(provider.signIn(await leave()));
    expect(answer.url).toBe(`${server.issuer}/oauth2/auth?login_verifier=l1`);
    const [decision] = server.challenges.decisions;
    expect(decision?.body).toMatchObject({ subject: `${subjectPrefix(provider.issuer)}alice`, amr: ['hwk'] });
    expect(subjectPrefix(provider.issuer)).not.toBe(subjectPrefix('https://other.example'));
    expect(logged.join()).not.toMatch(/upstream-secret|login_verifier/);
  });

  it.each([
    ['whose nonce is of another login', { nonce: 'other' }],
    ['for another client', { aud: 'other' }],
    ['of another issuer', { iss: 'https://evil.example' }],
    ['that is expired', { exp: 1 }],
    ['of a login that is older than asked for', { auth_time: 1 }],
  ])('refuses an ID token %s', async (_name, wrong) => {
    provider.idToken = { auth_time: Math.floor(Date.now() / 1000), ...wrong };
    const page = await comeBack(provider.signIn(await leave()));
    expect(page.status).toBe(401);
    expect(server.challenges.decisions).toEqual([]);
  });

  it('refuses userinfo of another subject', async () => {
    provider.idToken = { auth_time: Math.floor(Date.now() / 1000) };
    provider.userinfo = { sub: 'mallory', email: 'alice@idp.example', email_verified: true };
    expect((await comeBack(provider.signIn(await leave()))).status).toBe(401);
    expect(server.challenges.decisions).toEqual([]);
  });

  it('takes an answer once, and only in the browser that asked', async () => {
    provider.idToken = { auth_time: Math.floor(Date.now() / 1000) };
    const back = provider.signIn(await leave());
    const stranger = openBrowser(app.url);
    expect((await stranger.open(pathOf(back))).status).toBe(400);
    expect((await comeBack(back)).url).toContain('login_verifier');
    expect((await comeBack(back)).status).toBe(400);
    expect(server.challenges.decisions).toHaveLength(1);
  });

  it('refuses an answer with the state of no login', async () => {
    const back = new URL(provider.signIn(await leave()));
    back.searchParams.set('state', 'x'.repeat(43));
    expect((await comeBack(back.href)).status).toBe(400);
    expect(server.challenges.decisions).toEqual([]);
  });
});
