import type { ConsentRequest } from '@castellan/sdk/login-consent';
import { beforeEach, describe, expect, it } from 'vitest';
import { formOf, openBrowser, type Page } from './testing/browser.js';
import { useStage } from './testing/stage.js';

const stage = useStage();

describe('the account page', () => {
  async function openAccount(): Promise<Page> {
    const form = formOf(await stage.browser.open('/login'), '/login');
    return stage.browser.submit(form.action, { ...form.fields, email: 'dan@acme.com', password: 'secret' });
  }
  const subject = 'user:12345:dandean';
  beforeEach(() => {
    const request = (id: string, name: string): ConsentRequest => ({
      challenge: 'x',
      subject,
      client: { client_id: id, client_name: name },
    });
    stage.server.challenges.consentSessions.push(
      { consent_request: request('one', 'First App'), grant_scope: ['openid'], handled_at: '2026-11-20T10:00:00Z' },
      { consent_request: request('one', 'First App'), grant_scope: ['profile'], handled_at: '2026-11-21T10:00:00Z' },
      { consent_request: request('two', '<b>Second</b>'), grant_scope: [], handled_at: '2026-11-19T10:00:00Z' },
    );
    stage.server.challenges.loginSessions.push(
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
    const page = await stage.browser.submit(form.action, { ...form.fields, client: 'one' });
    expect(page.html).toContain('The access was taken back.');
    expect(stage.server.challenges.revoked).toEqual(['consent?subject=user%3A12345%3Adandean&client=one']);
  });

  it('ends a session of the user and of nobody else', async () => {
    const form = formOf(await openAccount(), '/account/sessions');
    expect((await stage.browser.submit(form.action, { ...form.fields, session: 's-other' })).status).toBe(400);
    expect(stage.server.challenges.revoked).toEqual([]);
    const page = await stage.browser.submit(form.action, { ...form.fields, session: 's-own' });
    expect(page.html).toContain('The session was ended.');
    expect(stage.server.challenges.revoked).toEqual(['login?sid=s-own']);
  });

  it('signs out everywhere: here, at the authorization server, and in other browsers of this app', async () => {
    await openAccount();
    const elsewhere = stage.browser;
    stage.browser = openBrowser(stage.app.url);
    stage.now += 1000;
    const form = formOf(await openAccount(), '/account/sessions');
    const page = await stage.browser.submit(form.action, { ...form.fields, session: 'all' });
    expect(page.html).toContain('You are signed out');
    expect(stage.server.challenges.revoked).toEqual(['login?subject=user%3A12345%3Adandean']);
    expect((await stage.browser.open('/account')).url).toContain('/login');
    expect((await elsewhere.open('/account')).url).toContain('/login');
    stage.now += 1000;
    expect((await openAccount()).html).toContain('You are signed in as');
  });

  it.each(['/account/grants', '/account/sessions'])('refuses a form for %s without its token', async (path) => {
    const form = formOf(await openAccount(), path);
    const other = path === '/account/grants' ? '/account/sessions' : '/account/grants';
    const { csrf: wrong = '' } = formOf(await openAccount(), other).fields;
    for (const csrf of ['', wrong])
      expect((await stage.browser.submit(form.action, { csrf, client: 'one', session: 'all' })).status).toBe(403);
    expect(stage.server.challenges.revoked).toEqual([]);
  });

  it('goes on with either list where it is longer than a page, and stays where it is in the other', async () => {
    const { consentSessions, loginSessions } = stage.server.challenges;
    for (let number = 4; number <= 102; number++) {
      const client = { client_id: `app-${number}`, client_name: `App ${number}.` };
      consentSessions.push({ consent_request: { challenge: 'x', subject, client }, grant_scope: [] });
    }
    for (let number = 2; number <= 250; number++) loginSessions.push({ id: `s-${number}.`, subject });
    const begin = await openAccount();
    expect([begin.html.includes('App 4.'), begin.html.includes('App 102.')]).toEqual([true, false]);
    expect(begin.html).not.toContain('To the beginning');
    const further = await stage.browser.open('/account?grants=100');
    expect([further.html.includes('App 4.'), further.html.includes('App 102.')]).toEqual([false, true]);
    expect([further.html.includes('s-2.'), further.html.includes('s-250.')]).toEqual([true, false]);
    expect(further.html).not.toContain('More applications');
    const [, next = ''] = /href="(\/account[^"]*)" rel="next"/.exec(further.html) ?? [];
    const last = await stage.browser.open(next.replaceAll('&amp;', '&').replace('sessions=100', 'sessions=200'));
    expect([last.html.includes('App 102.'), last.html.includes('s-250.'), last.html.includes('s-2.')]).toEqual([
      ...[true, true, false],
    ]);
    expect(last.html).toContain('<a href="/account">To the beginning of the lists</a>');
  });

  it('ends a session of a later page', async () => {
    for (let number = 2; number <= 150; number++)
      stage.server.challenges.loginSessions.push({ id: `s-${number}.`, subject });
    const form = formOf(await openAccount(), '/account/sessions');
    const page = await stage.browser.submit(form.action, { ...form.fields, session: 's-150.' });
    expect(page.html).toContain('The session was ended.');
  });

  it.each(['?grants=', '?sessions=<b>', `?grants=${'x'.repeat(300)}`, '?grants=a&grants=b'])(
    'takes the query %s for a place in a list, or for none',
    async (query) => {
      await openAccount();
      const page = await stage.browser.open(`/account${query}`);
      expect(page.status).toBe(200);
      expect(page.html).not.toContain('<b>');
    },
  );

  it('is right without what the authorization server does not show', async () => {
    stage.server.challenges.status = 403;
    const page = await openAccount();
    expect(page.status).toBe(200);
    expect(page.html.match(/does not show this to this app/g)).toHaveLength(2);
  });
});
