import type { ConsentRequest, LoginRequest } from '@castellan/sdk/login-consent';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConsentApp, startConsentApp } from './consent-app.js';
import type { ConsentConfig } from './consent.config.js';
import { type Browser, formOf, openBrowser, type Page } from './testing/browser.js';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  type FakeAuthorizationServer,
  startFakeAuthorizationServer,
} from './testing/fake-authorization-server.js';

let now = Date.UTC(2026, 10, 23, 12, 0, 0);
let server: FakeAuthorizationServer;
let app: ConsentApp;
let browser: Browser;
const logged: string[] = [];

const client = {
  client_id: 'some-consumer',
  client_name: 'Some Consumer',
  redirect_uris: ['https://app.example/callback'],
  policy_uri: 'https://app.example/privacy',
  tos_uri: 'javascript:alert(1)',
  logo_uri: 'https://tracker.example/logo.png',
};

function requestUrl(parameters: Readonly<Record<string, string>> = {}): string {
  const query = { client_id: 'some-consumer', redirect_uri: 'https://app.example/callback', ...parameters };
  return `${server.issuer}/oauth2/auth?${new URLSearchParams(query).toString()}`;
}

function loginRequest(challenge: string, members: Partial<LoginRequest> = {}): void {
  server.challenges.login.set(challenge, {
    challenge,
    client,
    request_url: requestUrl(),
    requested_scope: ['openid', 'profile'],
    skip: false,
    subject: '',
    oidc_context: {},
    ...members,
  });
}

function consentRequest(challenge: string, members: Partial<ConsentRequest> = {}): void {
  server.challenges.consent.set(challenge, {
    challenge,
    client,
    subject: 'user:12345:dandean',
    request_url: requestUrl(),
    requested_scope: ['openid', 'profile', 'email', 'photos'],
    requested_access_token_audience: ['https://api.example'],
    skip: false,
    ...members,
  });
}

async function start(overrides: Partial<ConsentConfig> = {}): Promise<ConsentApp> {
  const config = {
    port: 0,
    host: '127.0.0.1',
    serverUrl: server.url,
    adminUrl: server.url,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    readClients: false,
    trustedProxies: [],
    ...overrides,
  };
  return startConsentApp(config, {
    now: () => now,
    log: (level, message, fields) => logged.push(JSON.stringify([level, message, fields])),
  });
}

beforeAll(async () => {
  server = await startFakeAuthorizationServer(() => now);
});
afterAll(() => server.close());
beforeEach(async () => {
  now = Date.UTC(2026, 10, 23, 12, 0, 0);
  server.challenges.reset();
  logged.length = 0;
  app = await start();
  browser = openBrowser(app.url);
  return () => app.close();
});

async function submitLogin(page: Page, fields: Record<string, string | string[]> = {}): Promise<Page> {
  const form = formOf(page, '/login');
  const { remember: _unchecked, ...hidden } = form.fields;
  return browser.submit(form.action, { ...hidden, email: 'dan@acme.com', password: 'secret', ...fields });
}

async function decide(page: Page, path: string, fields: Record<string, string | string[]>): Promise<Page> {
  const form = formOf(page, path);
  const { remember: _unchecked, ...proposed } = form.fields;
  return browser.submit(form.action, { ...proposed, ...fields });
}

const verifier = (kind: string, challenge: string): string =>
  `${server.issuer}/oauth2/auth?${kind}_verifier=${challenge}`;

describe('a login request', () => {
  it('is accepted with who signed in, how, and in which browser', async () => {
    loginRequest('l1');
    const page = await browser.open('/login?login_challenge=l1');
    expect(page.html).toContain('to continue to <strong>Some Consumer</strong>');
    const answer = await submitLogin(page);
    expect([answer.status, answer.url]).toEqual([303, verifier('login', 'l1')]);
    expect(server.challenges.decisions).toEqual([
      {
        call: 'login/accept',
        challenge: 'l1',
        body: {
          subject: 'user:12345:dandean',
          acr: '1',
          amr: ['pwd'],
          remember: true,
          remember_for: 0,
          context: { browser: expect.stringMatching(/^[\w-]{22}$/) as string },
        },
      },
    ]);
  });

  it('outlives the browser where the user wants that, for as long as the app is set to', async () => {
    loginRequest('l1');
    await submitLogin(await browser.open('/login?login_challenge=l1'), { remember: '1' });
    expect(server.challenges.decisions[0]?.body).toMatchObject({ remember: true, remember_for: 2_592_000 });
  });

  it('that may be skipped is accepted without a page, and lets nobody into the account page', async () => {
    loginRequest('l1', { skip: true, subject: 'user:12345:dandean' });
    const answer = await browser.open('/login?login_challenge=l1');
    expect(answer.url).toBe(verifier('login', 'l1'));
    expect(server.challenges.decisions[0]?.body).toMatchObject({ subject: 'user:12345:dandean' });
    expect(server.challenges.decisions[0]?.body).not.toHaveProperty('remember');
    expect((await browser.open('/account')).url).toContain('/login');
  });

  it('that may be skipped for somebody who is gone asks for a login, and takes nobody else', async () => {
    loginRequest('l1', { skip: true, subject: 'user:gone' });
    const page = await browser.open('/login?login_challenge=l1');
    expect(page.status).toBe(200);
    const answer = await submitLogin(page);
    expect(answer.status).toBe(403);
    expect(answer.html).toContain('This is another account');
    expect(server.challenges.decisions).toEqual([]);
    expect((await browser.open('/account')).url).toContain('/login');
  });

  it('that may show nothing is rejected with login_required where somebody would have to sign in', async () => {
    loginRequest('l1', { skip: true, subject: 'user:gone', request_url: requestUrl({ prompt: 'none' }) });
    expect((await browser.open('/login?login_challenge=l1')).url).toBe(verifier('login', 'l1'));
    expect(server.challenges.decisions[0]).toMatchObject({ call: 'login/reject', body: { error: 'login_required' } });
  });

  it('asks for the password although the app has a session: the authorization server decides about sessions', async () => {
    loginRequest('l1');
    await submitLogin(await browser.open('/login?login_challenge=l1'));
    loginRequest('l2', { request_url: requestUrl({ prompt: 'login' }) });
    const page = await browser.open('/login?login_challenge=l2');
    expect(page.html).toContain('<strong>Some Consumer</strong> asks you to sign in again.');
  });

  it('shows who might sign in, in the language and the size that the request wants', async () => {
    loginRequest('l1', {
      oidc_context: { login_hint: 'dan@acme.com', ui_locales: ['xx', 'de-CH'], display: 'popup' },
    });
    const page = await browser.open('/login?login_challenge=l1');
    expect(page.html).toContain('<html lang="de">');
    expect(page.html).toContain('um mit <strong>Some Consumer</strong> fortzufahren');
    expect(page.html).toMatch(/<body class="[^"]*\bbare"/);
    expect(formOf(page, '/login').fields['email']).toBe('dan@acme.com');
  });

  it('is rejected with access_denied when the user gives up', async () => {
    loginRequest('l1');
    const answer = await submitLogin(await browser.open('/login?login_challenge=l1'), { decision: 'cancel' });
    expect(answer.url).toBe(verifier('login', 'l1'));
    expect(server.challenges.decisions[0]).toMatchObject({ call: 'login/reject', body: { error: 'access_denied' } });
  });

  it('is neither accepted nor rejected by a wrong password, nor by a form of another session or challenge', async () => {
    loginRequest('l1');
    loginRequest('l2');
    const page = await browser.open('/login?login_challenge=l1');
    expect((await submitLogin(page, { password: 'wrong' })).status).toBe(401);
    expect((await submitLogin(page, { csrf: 'forged' })).status).toBe(403);
    const { csrf = '' } = formOf(await browser.open('/login?login_challenge=l2'), '/login').fields;
    expect((await submitLogin(page, { csrf })).status).toBe(403);
    expect((await submitLogin(page, { csrf, decision: 'cancel' })).status).toBe(403);
    browser = openBrowser(app.url);
    await browser.open('/login?login_challenge=l1');
    expect((await submitLogin(page)).status).toBe(403);
    expect(server.challenges.decisions).toEqual([]);
  });

  it('that is over sends the browser where the authorization server says', async () => {
    loginRequest('l1');
    const page = await browser.open('/login?login_challenge=l1');
    await submitLogin(page);
    expect((await browser.open('/login?login_challenge=l1')).url).toBe(`${server.issuer}/oauth2/auth?again=1`);
  });

  it.each([
    ['is unknown', 404, 404, 'This request is not known'],
    ['is refused by policy', 403, 403, 'rn:castellan:oauth2:auth:requests:login:&lt;.*&gt;'],
    ['meets a fault', 500, 502, 'does not understand'],
  ])('that %s makes a page that says so', async (_name, status, shown, text) => {
    server.challenges.status = status;
    const page = await browser.open('/login?login_challenge=l1');
    expect(page.status).toBe(shown);
    expect(page.html).toContain(text);
  });

  it('works in two tabs at the same time', async () => {
    loginRequest('l1');
    loginRequest('l2');
    const first = await browser.open('/login?login_challenge=l1');
    const second = await browser.open('/login?login_challenge=l2');
    expect((await submitLogin(first)).url).toBe(verifier('login', 'l1'));
    // The session is a new one since: the form says so, and works at the second try.
    expect((await submitLogin(second)).status).toBe(403);
    expect((await submitLogin(await browser.open('/login?login_challenge=l2'))).url).toBe(verifier('login', 'l2'));
    const [one, two] = server.challenges.decisions.map(({ body }) => body.context);
    expect(one).toEqual(two);
  });
});

describe('redirect_to', () => {
  it.each([
    'https://evil.example/oauth2/auth',
    'https://as.example.evil.example/',
    'https://as.example@evil.example/',
    '//evil.example',
    'javascript:alert(1)',
    'http://as.example/',
  ])('is followed to the issuer and nowhere else, not to %s', async (target) => {
    loginRequest('l1');
    server.challenges.redirectTo = target;
    const answer = await submitLogin(await browser.open('/login?login_challenge=l1'));
    expect(answer.status).toBe(502);
    expect(answer.headers.get('location')).toBeNull();
  });
});

describe('a consent request', () => {
  it('shows who asks for what, and is accepted with what was allowed', async () => {
    const claims = JSON.stringify({
      id_token: { acr: { essential: true }, nickname: null },
      userinfo: { unheard: null },
    });
    consentRequest('c1', { request_url: requestUrl({ claims }) });
    const page = await browser.open('/consent?consent_challenge=c1');
    for (const text of [
      'Some Consumer',
      'Dan Dean',
      'Read your profile',
      'photos',
      'Your nickname',
      'https://api.example',
      'href="https://app.example/privacy"',
      'app.example',
    ])
      expect(page.html).toContain(text);
    expect(page.html).not.toMatch(/tracker\.example|javascript:|value="unheard"/);
    const answer = await decide(page, '/consent', { decision: 'allow', allowed_scopes: ['openid', 'photos', 'admin'] });
    expect([answer.status, answer.url]).toEqual([302, verifier('consent', 'c1')]);
    expect(server.challenges.decisions[0]).toEqual({
      call: 'consent/accept',
      challenge: 'c1',
      body: {
        grant_scope: ['openid', 'photos'],
        grant_access_token_audience: ['https://api.example'],
        session: { access_token: {}, id_token: { nickname: 'Danny' } },
      },
    });
  });

  it('gives no claim that was unchecked', async () => {
    consentRequest('c1', { request_url: requestUrl({ claims: '{"id_token":{"nickname":null}}' }) });
    const page = await browser.open('/consent?consent_challenge=c1');
    await decide(page, '/consent', { decision: 'allow', allowed_scopes: ['openid', 'email'], allowed_claims: [] });
    expect(server.challenges.decisions[0]?.body.session).toEqual({
      access_token: {},
      id_token: { email: 'dan@acme.com', email_verified: true },
    });
  });

  it('is remembered where the user wants that', async () => {
    consentRequest('c1');
    await decide(await browser.open('/consent?consent_challenge=c1'), '/consent', { decision: 'allow', remember: '1' });
    expect(server.challenges.decisions[0]?.body).toMatchObject({ remember: true, remember_for: 7_776_000 });
  });

  it('is rejected with access_denied', async () => {
    consentRequest('c1');
    const answer = await decide(await browser.open('/consent?consent_challenge=c1'), '/consent', { decision: 'deny' });
    expect(answer.url).toBe(verifier('consent', 'c1'));
    expect(server.challenges.decisions[0]).toMatchObject({ call: 'consent/reject', body: { error: 'access_denied' } });
  });

  it.each([
    ['was given before', { skip: true }],
    ['the operator gives for a client', { client: { ...client, skip_consent: true } }],
  ])('that %s is accepted without a page', async (_name, members) => {
    consentRequest('c1', { ...members, requested_scope: ['openid', 'profile'] });
    expect((await browser.open('/consent?consent_challenge=c1')).url).toBe(verifier('consent', 'c1'));
    expect(server.challenges.decisions[0]?.body).toMatchObject({
      grant_scope: ['openid', 'profile'],
      session: { id_token: { name: 'Dan Dean', nickname: 'Danny' } },
    });
  });

  it.each([{ skip: true }, { skip: false }])('of somebody who is gone is rejected (%j)', async (members) => {
    consentRequest('c1', { ...members, subject: 'user:gone' });
    await browser.open('/consent?consent_challenge=c1');
    expect(server.challenges.decisions[0]?.call).toBe('consent/reject');
  });

  it('is shown to nobody but the browser that signed in for it', async () => {
    loginRequest('l1');
    await submitLogin(await browser.open('/login?login_challenge=l1'));
    const { context } = server.challenges.decisions[0]?.body ?? {};
    consentRequest('c1', { context });
    expect((await browser.open('/consent?consent_challenge=c1')).html).toContain('Dan Dean');
    browser = openBrowser(app.url);
    const page = await browser.open('/consent?consent_challenge=c1');
    expect(page.status).toBe(403);
    expect(page.html).not.toContain('Dan');
    consentRequest('c2', { context, skip: true });
    expect((await browser.open('/consent?consent_challenge=c2')).status).toBe(403);
    expect(server.challenges.decisions).toHaveLength(1);
  });

  it('offers the same request with another login', async () => {
    consentRequest('c1', { request_url: requestUrl({ prompt: 'consent', state: 'abc' }) });
    const page = await browser.open('/consent?consent_challenge=c1');
    expect(page.html).toContain(`href="${requestUrl({ prompt: 'login', state: 'abc' }).replaceAll('&', '&amp;')}"`);
    consentRequest('c2', { request_url: requestUrl({ request_uri: 'urn:x' }) });
    expect((await browser.open('/consent?consent_challenge=c2')).html).not.toContain('Not you?');
  });

  it('is not decided by a form of another challenge or session, nor without a decision', async () => {
    consentRequest('c1');
    consentRequest('c2');
    const page = await browser.open('/consent?consent_challenge=c1');
    const { csrf = '' } = formOf(await browser.open('/consent?consent_challenge=c2'), '/consent').fields;
    expect((await decide(page, '/consent', { decision: 'allow', csrf })).status).toBe(403);
    expect((await decide(page, '/consent', {})).status).toBe(400);
    browser = openBrowser(app.url);
    expect((await decide(page, '/consent', { decision: 'allow' })).status).toBe(403);
    expect(server.challenges.decisions).toEqual([]);
  });
});

describe('a logout request', () => {
  async function signIn(): Promise<void> {
    loginRequest('l1');
    await submitLogin(await browser.open('/login?login_challenge=l1'));
    server.challenges.decisions.length = 0;
  }

  it('is accepted when the user wants to sign out, and ends the session of the app too', async () => {
    await signIn();
    server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean', client });
    const page = await browser.open('/logout?logout_challenge=o1');
    expect(page.html).toContain('Do you want to sign out?');
    expect(page.html).toContain('Dan Dean');
    const answer = await decide(page, '/logout', { decision: 'logout' });
    expect([answer.status, answer.url]).toEqual([302, verifier('logout', 'o1')]);
    expect((await browser.open('/account')).url).toContain('/login');
  });

  it('is rejected when the user wants to stay, who stays signed in', async () => {
    await signIn();
    server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean' });
    const answer = await decide(await browser.open('/logout?logout_challenge=o1'), '/logout', { decision: 'stay' });
    expect(answer.html).toContain('You are still signed in');
    expect(server.challenges.decisions[0]?.call).toBe('logout/reject');
    expect((await browser.open('/account')).html).toContain('Your account');
  });

  it('of a client that has shown whose session it means is accepted without a page', async () => {
    server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean', rp_initiated: true });
    expect((await browser.open('/logout?logout_challenge=o1')).url).toBe(verifier('logout', 'o1'));
  });

  it('is not decided by a forged form', async () => {
    server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean' });
    const page = await browser.open('/logout?logout_challenge=o1');
    expect((await decide(page, '/logout', { decision: 'logout', csrf: 'forged' })).status).toBe(403);
    expect(server.challenges.decisions).toEqual([]);
  });
});

describe('the account page', () => {
  async function openAccount(): Promise<Page> {
    const form = formOf(await browser.open('/login'), '/login');
    return browser.submit(form.action, { ...form.fields, email: 'dan@acme.com', password: 'secret' });
  }
  const subject = 'user:12345:dandean';
  beforeEach(() => {
    const request = (id: string, name: string): ConsentRequest => ({
      challenge: 'x',
      subject,
      client: { client_id: id, client_name: name },
    });
    server.challenges.consentSessions.push(
      { consent_request: request('one', 'First App'), grant_scope: ['openid'], handled_at: '2026-11-20T10:00:00Z' },
      { consent_request: request('one', 'First App'), grant_scope: ['profile'], handled_at: '2026-11-21T10:00:00Z' },
      { consent_request: request('two', '<b>Second</b>'), grant_scope: [], handled_at: '2026-11-19T10:00:00Z' },
    );
    server.challenges.loginSessions.push(
      { id: 's-own', subject, authenticated_at: '2026-11-22T08:30:00Z' },
      { id: 's-other', subject: 'user:other' },
    );
  });

  it('lists applications once each, with everything they were granted, and sessions', async () => {
    const { html } = await openAccount();
    expect(html.match(/First App<\/bdi>/g)).toHaveLength(1);
    expect(html).toContain('Know who you are · Read your profile');
    expect(html).toContain('Allowed on November 21, 2026 at 10:00');
    expect(html).toContain('&lt;b&gt;Second&lt;/b&gt;');
    expect(html).toContain('Signed in on November 22, 2026 at 8:30');
    expect(html).not.toContain('s-other');
  });

  it('takes back what an application was granted', async () => {
    const form = formOf(await openAccount(), '/account/grants');
    const page = await browser.submit(form.action, { ...form.fields, client: 'one' });
    expect(page.html).toContain('The access was taken back.');
    expect(server.challenges.revoked).toEqual(['consent?subject=user%3A12345%3Adandean&client=one']);
  });

  it('ends a session of the user and of nobody else', async () => {
    const form = formOf(await openAccount(), '/account/sessions');
    expect((await browser.submit(form.action, { ...form.fields, session: 's-other' })).status).toBe(400);
    expect(server.challenges.revoked).toEqual([]);
    const page = await browser.submit(form.action, { ...form.fields, session: 's-own' });
    expect(page.html).toContain('The session was ended.');
    expect(server.challenges.revoked).toEqual(['login?sid=s-own']);
  });

  it('signs out everywhere: here, at the authorization server, and in other browsers of this app', async () => {
    await openAccount();
    const elsewhere = browser;
    browser = openBrowser(app.url);
    now += 1000;
    const form = formOf(await openAccount(), '/account/sessions');
    const page = await browser.submit(form.action, { ...form.fields, session: 'all' });
    expect(page.html).toContain('You are signed out');
    expect(server.challenges.revoked).toEqual(['login?subject=user%3A12345%3Adandean']);
    expect((await browser.open('/account')).url).toContain('/login');
    expect((await elsewhere.open('/account')).url).toContain('/login');
    now += 1000;
    expect((await openAccount()).html).toContain('You are signed in as');
  });

  it.each(['/account/grants', '/account/sessions'])('refuses a form for %s without its token', async (path) => {
    const form = formOf(await openAccount(), path);
    const other = path === '/account/grants' ? '/account/sessions' : '/account/grants';
    const { csrf: wrong = '' } = formOf(await openAccount(), other).fields;
    for (const csrf of ['', wrong])
      expect((await browser.submit(form.action, { csrf, client: 'one', session: 'all' })).status).toBe(403);
    expect(server.challenges.revoked).toEqual([]);
  });

  it('goes on with either list where it is longer than a page, and stays where it is in the other', async () => {
    const { consentSessions, loginSessions } = server.challenges;
    for (let number = 4; number <= 102; number++) {
      const client = { client_id: `app-${number}`, client_name: `App ${number}.` };
      consentSessions.push({ consent_request: { challenge: 'x', subject, client }, grant_scope: [] });
    }
    for (let number = 2; number <= 250; number++) loginSessions.push({ id: `s-${number}.`, subject });
    const begin = await openAccount();
    expect([begin.html.includes('App 4.'), begin.html.includes('App 102.')]).toEqual([true, false]);
    expect(begin.html).not.toContain('To the beginning');
    const further = await browser.open('/account?grants=100');
    expect([further.html.includes('App 4.'), further.html.includes('App 102.')]).toEqual([false, true]);
    expect([further.html.includes('s-2.'), further.html.includes('s-250.')]).toEqual([true, false]);
    expect(further.html).not.toContain('More applications');
    const [, next = ''] = /href="(\/account[^"]*)" rel="next"/.exec(further.html) ?? [];
    const last = await browser.open(next.replaceAll('&amp;', '&').replace('sessions=100', 'sessions=200'));
    expect([last.html.includes('App 102.'), last.html.includes('s-250.'), last.html.includes('s-2.')]).toEqual([
      ...[true, true, false],
    ]);
    expect(last.html).toContain('<a href="/account">To the beginning of the lists</a>');
  });

  it('ends a session of a later page', async () => {
    for (let number = 2; number <= 150; number++) server.challenges.loginSessions.push({ id: `s-${number}.`, subject });
    const form = formOf(await openAccount(), '/account/sessions');
    const page = await browser.submit(form.action, { ...form.fields, session: 's-150.' });
    expect(page.html).toContain('The session was ended.');
  });

  it.each(['?grants=', '?sessions=<b>', `?grants=${'x'.repeat(300)}`, '?grants=a&grants=b'])(
    'takes the query %s for a place in a list, or for none',
    async (query) => {
      await openAccount();
      const page = await browser.open(`/account${query}`);
      expect(page.status).toBe(200);
      expect(page.html).not.toContain('<b>');
    },
  );

  it('is right without what the authorization server does not show', async () => {
    server.challenges.status = 403;
    const page = await openAccount();
    expect(page.status).toBe(200);
    expect(page.html.match(/does not show this to this app/g)).toHaveLength(2);
  });
});

describe('pages', () => {
  it('speak the language that the browser accepts where the request wants none, else English', async () => {
    const open = async (language: string): Promise<string> =>
      (await fetch(`${app.url}/error?error=access_denied`, { headers: { 'accept-language': language } })).text();
    expect(await open('fr;q=0.9, es-MX')).toContain('<html lang="es">');
    expect(await open('fr-CA')).toContain('L’accès a été refusé.');
    expect(await open('ja, *;q=0.5')).toContain('The access was denied.');
    expect(await open('../../etc/passwd')).toContain('<html lang="en">');
  });

  it('of an error escape what they are given, and answer 400', async () => {
    const query = new URLSearchParams({ error: '<script>', error_description: '<img src=x onerror=alert(1)>' });
    const page = await browser.open(`/error?${query.toString()}`);
    expect(page.status).toBe(400);
    expect(page.html).not.toMatch(/<script|<img src=x/);
  });

  it('allow forms to lead where the request ends, and no image from elsewhere', async () => {
    loginRequest('l1', { client: { ...client, redirect_uris: ['com.example.app:/callback', 'javascript:alert(1)'] } });
    const { headers } = await browser.open('/login?login_challenge=l1');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https: http: com.example.app:; base-uri 'none'; frame-ancestors 'none'",
    );
  });

  it('hold no challenge, password or login that reaches the log', async () => {
    loginRequest('l-secret');
    consentRequest('c-secret');
    await submitLogin(await browser.open('/login?login_challenge=l-secret'), { password: 'hunter2' });
    await submitLogin(await browser.open('/login?login_challenge=l-secret'));
    await decide(await browser.open('/consent?consent_challenge=c-secret'), '/consent', { decision: 'allow' });
    await browser.open('/login?login_challenge=l-secret');
    expect(logged.length).toBeGreaterThan(2);
    expect(logged.join()).not.toMatch(/hunter2|secret|dan@acme/);
  });
});
