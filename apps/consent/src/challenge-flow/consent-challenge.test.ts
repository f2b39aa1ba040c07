import { describe, expect, it } from 'vitest';
import { formOf, openBrowser } from '../testing/browser.js';
import { client, useStage } from '../testing/stage.js';

const stage = useStage();

describe('a consent request', () => {
  it('shows who asks for what, and is accepted with what was allowed', async () => {
    const claims = JSON.stringify({
      id_token: { acr: { essential: true }, nickname: null },
      userinfo: { unheard: null },
    });
    stage.consentRequest('c1', { request_url: stage.requestUrl({ claims }) });
    const page = await stage.browser.open('/consent?consent_challenge=c1');
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
    const answer = await stage.decide(page, '/consent', {
      decision: 'allow',
      allowed_scopes: ['openid', 'photos', 'admin'],
    });
    expect([answer.status, answer.url]).toEqual([302, stage.verifier('consent', 'c1')]);
    expect(stage.server.challenges.decisions[0]).toEqual({
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
    stage.consentRequest('c1', { request_url: stage.requestUrl({ claims: '{"id_token":{"nickname":null}}' }) });
    const page = await stage.browser.open('/consent?consent_challenge=c1');
    await stage.decide(page, '/consent', {
      decision: 'allow',
      allowed_scopes: ['openid', 'email'],
      allowed_claims: [],
    });
    expect(stage.server.challenges.decisions[0]?.body.session).toEqual({
      access_token: {},
      id_token: { email: 'dan@acme.com', email_verified: true },
    });
  });

  it('is remembered where the user wants that', async () => {
    stage.consentRequest('c1');
    await stage.decide(await stage.browser.open('/consent?consent_challenge=c1'), '/consent', {
      decision: 'allow',
      remember: '1',
    });
    expect(stage.server.challenges.decisions[0]?.body).toMatchObject({ remember: true, remember_for: 7_776_000 });
  });

  it('is rejected with access_denied', async () => {
    stage.consentRequest('c1');
    const answer = await stage.decide(await stage.browser.open('/consent?consent_challenge=c1'), '/consent', {
      decision: 'deny',
    });
    expect(answer.url).toBe(stage.verifier('consent', 'c1'));
    expect(stage.server.challenges.decisions[0]).toMatchObject({
      call: 'consent/reject',
      body: { error: 'access_denied' },
    });
  });

  it.each([
    ['was given before', { skip: true }],
    ['the operator gives for a client', { client: { ...client, skip_consent: true } }],
  ])('that %s is accepted without a page', async (_name, members) => {
    stage.consentRequest('c1', { ...members, requested_scope: ['openid', 'profile'] });
    expect((await stage.browser.open('/consent?consent_challenge=c1')).url).toBe(stage.verifier('consent', 'c1'));
    expect(stage.server.challenges.decisions[0]?.body).toMatchObject({
      grant_scope: ['openid', 'profile'],
      session: { id_token: { name: 'Dan Dean', nickname: 'Danny' } },
    });
  });

  it.each([{ skip: true }, { skip: false }])('of somebody who is gone is rejected (%j)', async (members) => {
    stage.consentRequest('c1', { ...members, subject: 'user:gone' });
    await stage.browser.open('/consent?consent_challenge=c1');
    expect(stage.server.challenges.decisions[0]?.call).toBe('consent/reject');
  });

  it('is shown to nobody but the browser that signed in for it', async () => {
    stage.loginRequest('l1');
    await stage.submitLogin(await stage.browser.open('/login?login_challenge=l1'));
    const { context } = stage.server.challenges.decisions[0]?.body ?? {};
    stage.consentRequest('c1', { context });
    expect((await stage.browser.open('/consent?consent_challenge=c1')).html).toContain('Dan Dean');
    stage.browser = openBrowser(stage.app.url);
    const page = await stage.browser.open('/consent?consent_challenge=c1');
    expect(page.status).toBe(403);
    expect(page.html).not.toContain('Dan');
    stage.consentRequest('c2', { context, skip: true });
    expect((await stage.browser.open('/consent?consent_challenge=c2')).status).toBe(403);
    expect(stage.server.challenges.decisions).toHaveLength(1);
  });

  it('offers the same request with another login', async () => {
    stage.consentRequest('c1', { request_url: stage.requestUrl({ prompt: 'consent', state: 'abc' }) });
    const page = await stage.browser.open('/consent?consent_challenge=c1');
    expect(page.html).toContain(
      `href="${stage.requestUrl({ prompt: 'login', state: 'abc' }).replaceAll('&', '&amp;')}"`,
    );
    stage.consentRequest('c2', { request_url: stage.requestUrl({ request_uri: 'urn:x' }) });
    expect((await stage.browser.open('/consent?consent_challenge=c2')).html).not.toContain('Not you?');
  });

  it('is not decided by a form of another challenge or session, nor without a decision', async () => {
    stage.consentRequest('c1');
    stage.consentRequest('c2');
    const page = await stage.browser.open('/consent?consent_challenge=c1');
    const { csrf = '' } = formOf(await stage.browser.open('/consent?consent_challenge=c2'), '/consent').fields;
    expect((await stage.decide(page, '/consent', { decision: 'allow', csrf })).status).toBe(403);
    expect((await stage.decide(page, '/consent', {})).status).toBe(400);
    stage.browser = openBrowser(stage.app.url);
    expect((await stage.decide(page, '/consent', { decision: 'allow' })).status).toBe(403);
    expect(stage.server.challenges.decisions).toEqual([]);
  });
});
