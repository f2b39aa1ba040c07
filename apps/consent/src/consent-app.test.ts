import { generateKeyPair } from 'jose';
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

function config(overrides: Partial<ConsentConfig> = {}): ConsentConfig {
  return {
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
}

async function start(overrides: Partial<ConsentConfig> = {}): Promise<ConsentApp> {
  return startConsentApp(config(overrides), {
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
  server.requests.length = 0;
  Object.assign(server.behaviour, {
    tokenStatus: 200,
    challengeKeyStatus: 200,
    responseKeyStatus: 200,
    expiresIn: 3600,
  });
  logged.length = 0;
  app = await start();
  browser = openBrowser(app.url);
  return () => app.close();
});

function consentPath(challenge: string): string {
  return `/consent?challenge=${encodeURIComponent(challenge)}`;
}

async function signIn(challenge: string, credentials: { email?: string; password?: string } = {}): Promise<Page> {
  const form = formOf(await browser.open(consentPath(challenge)), '/login');
  return browser.submit(form.action, { ...form.fields, email: 'dan@acme.com', password: 'secret', ...credentials });
}

async function decide(page: Page, fields: Record<string, string | string[]>): Promise<Page> {
  const form = formOf(page, '/consent');
  return browser.submit(form.action, { ...form.fields, ...fields });
}

describe('the consent flow', () => {
  it('leads from the challenge over login and consent to a signed consent response, without JavaScript', async () => {
    const challenge = await server.signChallenge();
    const page = await signIn(challenge);
    expect(page.status).toBe(200);
    expect(page.html).toContain('Dan Dean');
    expect(page.html).toContain('some-consumer');
    expect(page.html).toContain('localhost:9010');
    expect(formOf(page, '/consent').fields['allowed_scopes']).toEqual(['openid', 'offline', 'profile', 'email']);

    now += 5_000;
    const answer = await decide(page, { decision: 'allow' });
    expect(answer.status).toBe(302);
    const [returnTo, consent = ''] = answer.url.split('&consent=');
    expect(returnTo).toBe(
      `${server.url}/oauth2/auth?client_id=some-consumer&redirect_uri=http%3A%2F%2Flocalhost%3A9010%2Fcallback&response_type=code&scope=openid+offline+profile+email&state=abcdefghij`,
    );
    expect(await server.verifyConsent(consent, now)).toEqual({
      jti: '55a09353-0000-4000-8000-000000000000',
      aud: 'some-consumer',
      exp: now / 1000 + 595,
      scp: ['openid', 'offline', 'profile', 'email'],
      sub: 'user:12345:dandean',
      at_ext: {},
      id_ext: { name: 'Dan Dean', nickname: 'Danny', email: 'dan@acme.com', email_verified: true },
      iat: now / 1000,
      auth_time: now / 1000 - 5,
    });
  });

  it('grants only what stays checked, and never what was not requested', async () => {
    const page = await signIn(await server.signChallenge());
    const answer = await decide(page, { decision: 'allow', allowed_scopes: ['openid', 'hydra', 'profile'] });
    const claims = await server.verifyConsent(answer.url.split('&consent=')[1] ?? '', now);
    expect(claims['scp']).toEqual(['openid', 'profile']);
    expect(claims['id_ext']).toEqual({ name: 'Dan Dean', nickname: 'Danny' });
  });

  it('grants nothing when every scope is unchecked', async () => {
    const page = await signIn(await server.signChallenge());
    const answer = await decide(page, { decision: 'allow', allowed_scopes: [] });
    const claims = await server.verifyConsent(answer.url.split('&consent=')[1] ?? '', now);
    expect(claims['scp']).toEqual([]);
    expect(claims['id_ext']).toEqual({});
  });

  it('takes a challenge that requests no scope', async () => {
    const page = await signIn(await server.signChallenge({ scp: null }));
    expect(page.html).toContain('no particular permission');
    expect((await decide(page, { decision: 'allow' })).status).toBe(302);
  });

  it('answers a denial with consent=denied', async () => {
    const answer = await decide(await signIn(await server.signChallenge()), { decision: 'deny' });
    expect(answer.status).toBe(302);
    expect(answer.url.endsWith('&state=abcdefghij&consent=denied')).toBe(true);
    expect(server.requests).not.toContain('GET /keys/hydra.consent.response/private');
  });

  it('refuses a form without a decision', async () => {
    const answer = await decide(await signIn(await server.signChallenge()), {});
    expect(answer.status).toBe(400);
  });

  it('does not ask a signed-in user for the password again', async () => {
    await signIn(await server.signChallenge());
    const page = await browser.open(consentPath(await server.signChallenge({ jti: 'another' })));
    expect(page.html).toContain('asks for access');
  });

  it.each([
    ['max_age', 'max_age=60', 61_000],
    ['prompt=login', 'prompt=login', 1_000],
  ])('asks again for the password when the client wants a fresh login by %s', async (_name, parameter, laterMs) => {
    await signIn(await server.signChallenge());
    now += laterMs;
    const redir = `${server.url}/oauth2/auth?client_id=some-consumer&${parameter}`;
    const challenge = await server.signChallenge({ jti: 'another', redir });
    expect((await browser.open(consentPath(challenge))).url).toContain('/login');
    expect((await signIn(challenge)).html).toContain('asks for access');
  });

  it('signs out and back to the login for the same challenge', async () => {
    const challenge = await server.signChallenge();
    const logout = formOf(await signIn(challenge), '/logout');
    const page = await browser.submit(logout.action, logout.fields);
    expect(page.html).toContain('Sign in');
    expect((await browser.open(consentPath(challenge))).url).toContain('/login');
  });

  it('shows the error of the authorization server', async () => {
    const page = await browser.open('/consent?error=invalid_client&error_description=Client+authentication+failed');
    expect(page.status).toBe(400);
    expect(page.html).toContain('invalid_client');
    expect(page.html).toContain('Client authentication failed');
  });
});

describe('the login', () => {
  it('answers a wrong password with 401, says so, and signs nobody in', async () => {
    const challenge = await server.signChallenge();
    const page = await signIn(challenge, { password: 'wrong' });
    expect(page.status).toBe(401);
    expect(page.html).toMatch(/role="alert"[^]*The email address or the password is not right\./);
    expect(formOf(page, '/login').fields['email']).toBe('dan@acme.com');
    expect(page.html).not.toContain('wrong');
    expect((await browser.open(consentPath(challenge))).url).toContain('/login');
  });

  it('answers an unknown account as a wrong password', async () => {
    const page = await signIn(await server.signChallenge(), { email: 'eve@acme.com' });
    expect(page.status).toBe(401);
    expect(page.html).toContain('The email address or the password is not right.');
  });

  it('makes an account wait after five failures, even for the right password', async () => {
    const challenge = await server.signChallenge();
    for (let attempt = 0; attempt < 5; attempt += 1) await signIn(challenge, { password: `guess ${attempt}` });
    const page = await signIn(challenge);
    expect(page.status).toBe(429);
    expect(page.headers.get('retry-after')).toBe('900');
    now += 901_000;
    expect((await signIn(await server.signChallenge())).status).toBe(200);
  });

  it('gives the session a new identity when somebody signs in', async () => {
    const challenge = await server.signChallenge();
    await browser.open(consentPath(challenge));
    const before = browser.cookies.get('castellan_consent');
    await signIn(challenge);
    expect(browser.cookies.get('castellan_consent')).not.toBe(before);
    expect(browser.lastSetCookie).toMatch(/; HttpOnly/);
    expect(browser.lastSetCookie).toMatch(/; SameSite=Lax/);
    expect(browser.lastSetCookie).not.toMatch(/Secure/);
  });

  it('writes neither passwords nor logins nor challenges to the log', async () => {
    const challenge = await server.signChallenge();
    await signIn(challenge, { password: 'hunter2' });
    await decide(await signIn(challenge), { decision: 'allow' });
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join()).not.toMatch(/hunter2|secret|dan@acme|eyJ/);
  });

  it('cancels by a link that carries consent=denied', async () => {
    const page = await browser.open(consentPath(await server.signChallenge()));
    expect(page.html).toContain('&amp;state=abcdefghij&amp;consent=denied"');
  });

  it('uses a Secure cookie of its host when the app is reached by https', async () => {
    const secure = await start({ publicUrl: 'https://login.example', port: 27_431 });
    try {
      expect(secure.url).toBe('https://login.example');
      browser = openBrowser('http://127.0.0.1:27431');
      const page = await browser.open('/login');
      expect(browser.lastSetCookie).toMatch(
        /^__Host-castellan_consent=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      expect(page.headers.get('strict-transport-security')).toBe('max-age=31536000');
    } finally {
      await secure.close();
    }
  });
});

describe('challenges', () => {
  const cases: [string, () => Promise<string>, RegExp][] = [
    ['expired', () => server.signChallenge({ exp: Math.floor(now / 1000) - 31 }), /expired/],
    [
      'signed with another key',
      async () => server.signChallenge({}, (await generateKeyPair('RS256')).privateKey),
      /not valid/,
    ],
    [
      'signed with another algorithm',
      async () => server.signChallenge({}, (await generateKeyPair('PS256')).privateKey, 'PS256'),
      /not valid/,
    ],
    [
      'for another audience than the client in its request',
      () => server.signChallenge({ aud: 'other-client' }),
      /not valid/,
    ],
    ['without an audience', () => server.signChallenge({ aud: undefined }), /not valid/],
    ['without an identifier', () => server.signChallenge({ jti: undefined }), /not valid/],
    ['without an expiry', () => server.signChallenge({ exp: undefined }), /not valid/],
    ['leading to a script', () => server.signChallenge({ redir: 'javascript:alert(1)?' }), /not valid/],
    [
      'unsigned',
      async () =>
        (await server.signChallenge())
          .replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url'))
          .replace(/[^.]*$/, ''),
      /not valid/,
    ],
    ['not a JWT', async () => '"><script>alert(1)</script>', /not valid/],
  ];
  it.each(cases)('refuses one that is %s', async (_name, make, message) => {
    const page = await browser.open(consentPath(await make()));
    expect(page.status).toBe(400);
    expect(page.html).toMatch(message);
    expect(page.html).not.toContain('<script');
  });

  it('refuses a doubled or missing challenge', async () => {
    expect((await browser.open('/consent')).status).toBe(400);
    expect((await browser.open('/consent?challenge=a&challenge=b')).status).toBe(400);
  });

  it('does not sign a response for one that expires while the page is open', async () => {
    const page = await signIn(await server.signChallenge());
    now += 631_000;
    const answer = await decide(page, { decision: 'allow' });
    expect(answer.status).toBe(400);
    expect(server.requests).not.toContain('GET /keys/hydra.consent.response/private');
  });
});

describe('forms and sessions', () => {
  it.each(['', 'forged'])('refuses consent with the form token %j', async (csrf) => {
    const answer = await decide(await signIn(await server.signChallenge()), { decision: 'allow', csrf });
    expect(answer.status).toBe(403);
    expect(answer.html).toContain('out of date');
  });

  it('refuses consent with the form token of another challenge', async () => {
    const page = await signIn(await server.signChallenge());
    const other = await browser.open(consentPath(await server.signChallenge({ jti: 'other' })));
    const { csrf = '' } = formOf(other, '/consent').fields;
    expect((await decide(page, { decision: 'allow', csrf })).status).toBe(403);
  });

  it('refuses consent with the form token of another session', async () => {
    const challenge = await server.signChallenge();
    const { csrf = '' } = formOf(await signIn(challenge), '/consent').fields;
    browser = openBrowser(app.url);
    expect((await decide(await signIn(challenge), { decision: 'allow', csrf })).status).toBe(403);
  });

  it('refuses a login without the form token, and signs nobody in', async () => {
    const challenge = await server.signChallenge();
    const form = formOf(await browser.open(consentPath(challenge)), '/login');
    const page = await browser.submit(form.action, { email: 'dan@acme.com', password: 'secret' });
    expect(page.status).toBe(403);
    expect((await browser.open(consentPath(challenge))).url).toContain('/login');
  });

  it('refuses a logout without the form token', async () => {
    await signIn(await server.signChallenge());
    expect((await browser.submit('/logout', {})).status).toBe(403);
  });

  it('refuses a POST to the consent page by somebody who is not signed in', async () => {
    const challenge = await server.signChallenge();
    const { fields } = formOf(await browser.open(consentPath(challenge)), '/login');
    const answer = await browser.submit(consentPath(challenge), { ...fields, decision: 'allow' });
    expect(answer.status).toBe(403);
  });

  it('takes a forged, altered or foreign session cookie for none', async () => {
    const challenge = await server.signChallenge();
    await signIn(challenge);
    const real = browser.cookies.get('castellan_consent') ?? '';
    const foreign = await start();
    const altered = `${real.slice(0, -2)}${real.endsWith('A') ? 'BB' : 'AA'}`;
    try {
      for (const cookie of ['forged', altered, '{"sub":"user:12345:dandean"}', '']) {
        browser.cookies.set('castellan_consent', encodeURIComponent(cookie));
        expect((await browser.open(consentPath(challenge))).url).toContain('/login');
      }
      const elsewhere = openBrowser(foreign.url);
      elsewhere.cookies.set('castellan_consent', real);
      expect((await elsewhere.open(consentPath(challenge))).url).toContain('/login');
    } finally {
      await foreign.close();
    }
  });

  it('ends a session after eight hours', async () => {
    await signIn(await server.signChallenge());
    now += 8 * 60 * 60 * 1000 + 1000;
    expect((await browser.open(consentPath(await server.signChallenge()))).url).toContain('/login');
  });
});

describe('what comes from outside', () => {
  const payloads = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</title><svg onload=alert(1)>',
    '<%= process.exit() %>',
    'javascript:alert(1)',
    '{{7*7}}${7*7}',
  ];
  // Markup of the page's own is the only markup: nothing that a payload opens may appear.
  const live = /<script|<img src=x|<svg onload| onmouseover='|<%=/;

  it.each(payloads)('is escaped in the error page: %s', async (payload) => {
    const query = new URLSearchParams({ error: payload, error_description: payload, error_hint: payload });
    const page = await browser.open(`/consent?${query.toString()}`);
    expect(page.status).toBe(400);
    expect(page.html).not.toMatch(live);
  });

  it.each(payloads)('is escaped in the login and consent pages: %s', async (payload) => {
    const redir = `${server.url}/oauth2/auth?${new URLSearchParams({ client_id: payload, redirect_uri: payload, login_hint: payload }).toString()}`;
    const challenge = await server.signChallenge({ aud: payload, redir, scp: [payload] });
    expect((await browser.open(consentPath(challenge))).html).not.toMatch(live);
    const failed = await signIn(challenge, { email: payload });
    expect(failed.status).toBe(401);
    expect(failed.html).not.toMatch(live);
    const page = await signIn(challenge);
    expect(page.html).not.toMatch(live);
    expect(formOf(page, '/consent').fields['allowed_scopes']).toEqual([payload]);
  });

  it('is escaped and stripped of direction characters in the name of the client', async () => {
    const named = await start({ readClients: true });
    try {
      browser = openBrowser(named.url);
      const page = await signIn(await server.signChallenge());
      expect(page.html).toContain('Some &lt;b&gt;Consumer&lt;/b&gt; evil');
      expect(page.html).toContain('<code>some-consumer</code>');
    } finally {
      await named.close();
    }
  });

  it('meets strict headers on every page', async () => {
    for (const path of [
      '/',
      '/login',
      '/consent',
      '/consent?error=x',
      '/nothing',
      consentPath(await server.signChallenge()),
    ]) {
      const { headers } = await browser.open(path);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    }
  });

  it('finds no script, no inline style and no foreign resource in any page', async () => {
    const pages = [await browser.open('/'), await browser.open('/login'), await signIn(await server.signChallenge())];
    for (const page of pages) {
      expect(page.html).not.toMatch(/<script|<style| style=| on[a-z]+=|(?:src|href)="(?:https?:)?\/\/(?!127\.0\.0\.1)/);
    }
    const [, stylesheet = ''] = /href="(\/assets\/consent-[^"]+\.css)"/.exec(pages[0]?.html ?? '') ?? [];
    const css = await browser.open(stylesheet);
    expect(css.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(css.html).not.toContain('url(');
  });
});

describe('the authorization server', () => {
  it('is asked for one access token until that expires', async () => {
    await browser.open(consentPath(await server.signChallenge()));
    await browser.open(consentPath(await server.signChallenge()));
    expect(server.requests.filter((request) => request === 'POST /oauth2/token')).toHaveLength(1);
    now += 3_591_000;
    await browser.open(consentPath(await server.signChallenge()));
    expect(server.requests.filter((request) => request === 'POST /oauth2/token')).toHaveLength(2);
  });

  it('is asked for another access token when it refuses the first with 401', async () => {
    await browser.open(consentPath(await server.signChallenge()));
    server.revokeTokens();
    expect((await browser.open(consentPath(await server.signChallenge()))).status).toBe(200);
  });

  it('that refuses a key by policy makes a page that names the missing policy', async () => {
    server.behaviour.challengeKeyStatus = 403;
    const page = await browser.open(consentPath(await server.signChallenge()));
    expect(page.status).toBe(403);
    expect(page.html).toContain('rn:hydra:keys:hydra.consent.challenge:public');
    expect(page.html).toContain('consent-app');
  });

  it('that refuses the private key makes a page that names the missing policy', async () => {
    const page = await signIn(await server.signChallenge());
    server.behaviour.responseKeyStatus = 403;
    const answer = await decide(page, { decision: 'allow' });
    expect(answer.status).toBe(403);
    expect(answer.html).toContain('rn:hydra:keys:hydra.consent.response:private');
  });

  it('that refuses the scope makes a page that names the scope', async () => {
    server.behaviour.tokenStatus = 400;
    const page = await browser.open(consentPath(await server.signChallenge()));
    expect(page.status).toBe(502);
    expect(page.html).toContain('hydra.keys.get');
  });

  it('that does not know the app makes a page that names the variables to check', async () => {
    const stranger = await start({ clientSecret: 'other' });
    try {
      const page = await openBrowser(stranger.url).open(consentPath(await server.signChallenge()));
      expect(page.status).toBe(502);
      expect(page.html).toContain('HYDRA_CLIENT_SECRET');
    } finally {
      await stranger.close();
    }
  });

  it('that is not there makes a page with status 502', async () => {
    const lost = await start({ serverUrl: 'http://127.0.0.1:9', adminUrl: 'http://127.0.0.1:9' });
    try {
      const page = await openBrowser(lost.url).open(consentPath(await server.signChallenge()));
      expect(page.status).toBe(502);
      expect(page.html).toContain('not reachable');
      expect(page.html).not.toContain('ECONNREFUSED');
    } finally {
      await lost.close();
    }
  });
});

describe('the front page', () => {
  it('says what this is, and who is signed in', async () => {
    expect((await browser.open('/')).html).toContain('You are not signed in');
    await signIn(await server.signChallenge());
    const page = await browser.open('/');
    expect(page.html).toContain('You are signed in as <strong>Dan Dean</strong>');
    const logout = formOf(page, '/logout');
    expect((await browser.submit(logout.action, logout.fields)).html).toContain('You are not signed in');
  });

  it('signs in without a challenge', async () => {
    const form = formOf(await browser.open('/login'), '/login');
    const page = await browser.submit(form.action, { ...form.fields, email: 'Dan@Acme.com', password: 'secret' });
    expect(page.html).toContain('You are signed in as');
  });
});
