import { describe, expect, it } from 'vitest';
import { client, useStage } from '../testing/stage.js';

const stage = useStage();

describe('a logout request', () => {
  async function signIn(): Promise<void> {
    stage.loginRequest('l1');
    await stage.submitLogin(await stage.browser.open('/login?login_challenge=l1'));
    stage.server.challenges.decisions.length = 0;
  }

  it('is accepted when the user wants to sign out, and ends the session of the app too', async () => {
    await signIn();
    stage.server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean', client });
    const page = await stage.browser.open('/logout?logout_challenge=o1');
    expect(page.html).toContain('Do you want to sign out?');
    expect(page.html).toContain('Dan Dean');
    const answer = await stage.decide(page, '/logout', { decision: 'logout' });
    expect([answer.status, answer.url]).toEqual([302, stage.verifier('logout', 'o1')]);
    expect((await stage.browser.open('/account')).url).toContain('/login');
  });

  it('is rejected when the user wants to stay, who stays signed in', async () => {
    await signIn();
    stage.server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean' });
    const answer = await stage.decide(await stage.browser.open('/logout?logout_challenge=o1'), '/logout', {
      decision: 'stay',
    });
    expect(answer.html).toContain('You are still signed in');
    expect(stage.server.challenges.decisions[0]?.call).toBe('logout/reject');
    expect((await stage.browser.open('/account')).html).toContain('Your account');
  });

  it('of a client that has shown whose session it means is accepted without a page', async () => {
    stage.server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean', rp_initiated: true });
    expect((await stage.browser.open('/logout?logout_challenge=o1')).url).toBe(stage.verifier('logout', 'o1'));
  });

  it('is not decided by a forged form', async () => {
    stage.server.challenges.logout.set('o1', { challenge: 'o1', subject: 'user:12345:dandean' });
    const page = await stage.browser.open('/logout?logout_challenge=o1');
    expect((await stage.decide(page, '/logout', { decision: 'logout', csrf: 'forged' })).status).toBe(403);
    expect(stage.server.challenges.decisions).toEqual([]);
  });
});

describe('pages', () => {
  it('speak the language that the browser accepts where the request wants none, else English', async () => {
    const open = async (language: string): Promise<string> =>
      (await fetch(`${stage.app.url}/error?error=access_denied`, { headers: { 'accept-language': language } })).text();
    expect(await open('fr;q=0.9, es-MX')).toContain('<html lang="es">');
    expect(await open('fr-CA')).toContain('L’accès a été refusé.');
    expect(await open('ja, *;q=0.5')).toContain('The access was denied.');
    expect(await open('../../etc/passwd')).toContain('<html lang="en">');
  });

  it('of an error escape what they are given, and answer 400', async () => {
    const query = new URLSearchParams({ error: '<script>', error_description: '<img src=x onerror=alert(1)>' });
    const page = await stage.browser.open(`/error?${query.toString()}`);
    expect(page.status).toBe(400);
    expect(page.html).not.toMatch(/<script|<img src=x/);
  });

  it('allow forms to lead where the request ends, and no image from elsewhere', async () => {
    stage.loginRequest('l1', {
      client: { ...client, redirect_uris: ['com.example.app:/callback', 'javascript:alert(1)'] },
    });
    const { headers } = await stage.browser.open('/login?login_challenge=l1');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https: http: com.example.app:; base-uri 'none'; frame-ancestors 'none'",
    );
  });

  it('hold no challenge, password or login that reaches the log', async () => {
    stage.loginRequest('l-secret');
    stage.consentRequest('c-secret');
    await stage.submitLogin(await stage.browser.open('/login?login_challenge=l-secret'), { password: 'hunter2' });
    await stage.submitLogin(await stage.browser.open('/login?login_challenge=l-secret'));
    await stage.decide(await stage.browser.open('/consent?consent_challenge=c-secret'), '/consent', {
      decision: 'allow',
    });
    await stage.browser.open('/login?login_challenge=l-secret');
    expect(stage.logged.length).toBeGreaterThan(2);
    expect(stage.logged.join()).not.toMatch(/hunter2|secret|dan@acme/);
  });
});
