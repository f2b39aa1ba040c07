import { describe, expect, it } from 'vitest';
import { formOf, openBrowser } from './testing/browser.js';
import { consentPath, decide, signIn } from './testing/consent-visit.js';
import { useStage } from './testing/stage.js';

const stage = useStage();

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
    const page = await stage.browser.open(`/consent?${query.toString()}`);
    expect(page.status).toBe(400);
    expect(page.html).not.toMatch(live);
  });

  it.each(payloads)('is escaped in the login and consent pages: %s', async (payload) => {
    const redir = `${stage.server.url}/oauth2/auth?${new URLSearchParams({ client_id: payload, redirect_uri: payload, login_hint: payload }).toString()}`;
    const challenge = await stage.server.signChallenge({ aud: payload, redir, scp: [payload] });
    expect((await stage.browser.open(consentPath(challenge))).html).not.toMatch(live);
    const failed = await signIn(stage, challenge, { email: payload });
    expect(failed.status).toBe(401);
    expect(failed.html).not.toMatch(live);
    const page = await signIn(stage, challenge);
    expect(page.html).not.toMatch(live);
    expect(formOf(page, '/consent').fields['allowed_scopes']).toEqual([payload]);
  });

  it('is escaped and stripped of direction characters in the name of the client', async () => {
    const named = await stage.start({ readClients: true });
    try {
      stage.browser = openBrowser(named.url);
      const page = await signIn(stage, await stage.server.signChallenge());
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
      consentPath(await stage.server.signChallenge()),
    ]) {
      const { headers } = await stage.browser.open(path);
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
    const pages = [
      await stage.browser.open('/'),
      await stage.browser.open('/login'),
      await signIn(stage, await stage.server.signChallenge()),
    ];
    for (const page of pages) {
      expect(page.html).not.toMatch(/<script|<style| style=| on[a-z]+=|(?:src|href)="(?:https?:)?\/\/(?!127\.0\.0\.1)/);
    }
    const [, stylesheet = ''] = /href="(\/assets\/consent-[^"]+\.css)"/.exec(pages[0]?.html ?? '') ?? [];
    const css = await stage.browser.open(stylesheet);
    expect(css.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(css.html).not.toContain('url(');
  });
});

describe('the authorization server', () => {
  it('is asked for one access token until that expires', async () => {
    await stage.browser.open(consentPath(await stage.server.signChallenge()));
    await stage.browser.open(consentPath(await stage.server.signChallenge()));
    expect(stage.server.requests.filter((request) => request === 'POST /oauth2/token')).toHaveLength(1);
    stage.now += 3_591_000;
    await stage.browser.open(consentPath(await stage.server.signChallenge()));
    expect(stage.server.requests.filter((request) => request === 'POST /oauth2/token')).toHaveLength(2);
  });

  it('is asked for another access token when it refuses the first with 401', async () => {
    await stage.browser.open(consentPath(await stage.server.signChallenge()));
    stage.server.revokeTokens();
    expect((await stage.browser.open(consentPath(await stage.server.signChallenge()))).status).toBe(200);
  });

  it('that refuses a key by policy makes a page that names the missing policy', async () => {
    stage.server.behaviour.challengeKeyStatus = 403;
    const page = await stage.browser.open(consentPath(await stage.server.signChallenge()));
    expect(page.status).toBe(403);
    expect(page.html).toContain('rn:hydra:keys:hydra.consent.challenge:public');
    expect(page.html).toContain('consent-app');
  });

  it('that refuses the private key makes a page that names the missing policy', async () => {
    const page = await signIn(stage, await stage.server.signChallenge());
    stage.server.behaviour.responseKeyStatus = 403;
    const answer = await decide(stage, page, { decision: 'allow' });
    expect(answer.status).toBe(403);
    expect(answer.html).toContain('rn:hydra:keys:hydra.consent.response:private');
  });

  it('that refuses the scope makes a page that names the scope', async () => {
    stage.server.behaviour.tokenStatus = 400;
    const page = await stage.browser.open(consentPath(await stage.server.signChallenge()));
    expect(page.status).toBe(502);
    expect(page.html).toContain('hydra.keys.get');
  });

  it('that does not know the app makes a page that names the variables to check', async () => {
    const stranger = await stage.start({ clientSecret: 'other' });
    try {
      const page = await openBrowser(stranger.url).open(consentPath(await stage.server.signChallenge()));
      expect(page.status).toBe(502);
      expect(page.html).toContain('HYDRA_CLIENT_SECRET');
    } finally {
      await stranger.close();
    }
  });

  it('that is not there makes a page with status 502', async () => {
    const lost = await stage.start({ serverUrl: 'http://127.0.0.1:9', adminUrl: 'http://127.0.0.1:9' });
    try {
      const page = await openBrowser(lost.url).open(consentPath(await stage.server.signChallenge()));
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
    expect((await stage.browser.open('/')).html).toContain('You are not signed in');
    await signIn(stage, await stage.server.signChallenge());
    const page = await stage.browser.open('/');
    expect(page.html).toContain('You are signed in as <strong>Dan Dean</strong>');
    const logout = formOf(page, '/logout');
    expect((await stage.browser.submit(logout.action, logout.fields)).html).toContain('You are not signed in');
  });

  it('signs in without a challenge', async () => {
    const form = formOf(await stage.browser.open('/login'), '/login');
    const page = await stage.browser.submit(form.action, { ...form.fields, email: 'Dan@Acme.com', password: 'secret' });
    expect(page.html).toContain('You are signed in as');
  });
});
