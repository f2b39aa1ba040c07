import { describe, expect, it } from 'vitest';
import { formOf, openBrowser } from './testing/browser.js';
import { consentPath, decide, signIn } from './testing/consent-visit.js';
import { useStage } from './testing/stage.js';

const stage = useStage();

describe('the login', () => {
  it('answers a wrong password with 401, says so, and signs nobody in', async () => {
    const challenge = await stage.server.signChallenge();
    const page = await signIn(stage, challenge, { password: 'wrong' });
    expect(page.status).toBe(401);
    expect(page.html).toMatch(/role="alert"[^]*The email address or the password is not right\./);
    expect(formOf(page, '/login').fields['email']).toBe('dan@acme.com');
    expect(page.html).not.toContain('wrong');
    expect((await stage.browser.open(consentPath(challenge))).url).toContain('/login');
  });

  it('answers an unknown account as a wrong password', async () => {
    const page = await signIn(stage, await stage.server.signChallenge(), { email: 'eve@acme.com' });
    expect(page.status).toBe(401);
    expect(page.html).toContain('The email address or the password is not right.');
  });

  it('makes an account wait after five failures, even for the right password', async () => {
    const challenge = await stage.server.signChallenge();
    for (let attempt = 0; attempt < 5; attempt += 1) await signIn(stage, challenge, { password: `guess ${attempt}` });
    const page = await signIn(stage, challenge);
    expect(page.status).toBe(429);
    expect(page.headers.get('retry-after')).toBe('900');
    stage.now += 901_000;
    expect((await signIn(stage, await stage.server.signChallenge())).status).toBe(200);
  });

  it('gives the session a new identity when somebody signs in', async () => {
    const challenge = await stage.server.signChallenge();
    await stage.browser.open(consentPath(challenge));
    const before = stage.browser.cookies.get('castellan_consent');
    await signIn(stage, challenge);
    expect(stage.browser.cookies.get('castellan_consent')).not.toBe(before);
    expect(stage.browser.lastSetCookie).toMatch(/; HttpOnly/);
    expect(stage.browser.lastSetCookie).toMatch(/; SameSite=Lax/);
    expect(stage.browser.lastSetCookie).not.toMatch(/Secure/);
  });

  it('writes neither passwords nor logins nor challenges to the log', async () => {
    const challenge = await stage.server.signChallenge();
    await signIn(stage, challenge, { password: 'hunter2' });
    await decide(stage, await signIn(stage, challenge), { decision: 'allow' });
    expect(stage.logged.length).toBeGreaterThan(0);
    expect(stage.logged.join()).not.toMatch(/hunter2|secret|dan@acme|eyJ/);
  });

  it('cancels by a link that carries consent=denied', async () => {
    const page = await stage.browser.open(consentPath(await stage.server.signChallenge()));
    expect(page.html).toContain('&amp;state=abcdefghij&amp;consent=denied"');
  });

  it('uses a Secure cookie of its host when the app is reached by https', async () => {
    const secure = await stage.start({ publicUrl: 'https://login.example', port: 27_431 });
    try {
      expect(secure.url).toBe('https://login.example');
      stage.browser = openBrowser('http://127.0.0.1:27431');
      const page = await stage.browser.open('/login');
      expect(stage.browser.lastSetCookie).toMatch(
        /^__Host-castellan_consent=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      expect(page.headers.get('strict-transport-security')).toBe('max-age=31536000');
    } finally {
      await secure.close();
    }
  });
});

describe('forms and sessions', () => {
  it.each(['', 'forged'])('refuses consent with the form token %j', async (csrf) => {
    const answer = await decide(stage, await signIn(stage, await stage.server.signChallenge()), {
      decision: 'allow',
      csrf,
    });
    expect(answer.status).toBe(403);
    expect(answer.html).toContain('out of date');
  });

  it('refuses consent with the form token of another challenge', async () => {
    const page = await signIn(stage, await stage.server.signChallenge());
    const other = await stage.browser.open(consentPath(await stage.server.signChallenge({ jti: 'other' })));
    const { csrf = '' } = formOf(other, '/consent').fields;
    expect((await decide(stage, page, { decision: 'allow', csrf })).status).toBe(403);
  });

  it('refuses consent with the form token of another session', async () => {
    const challenge = await stage.server.signChallenge();
    const { csrf = '' } = formOf(await signIn(stage, challenge), '/consent').fields;
    stage.browser = openBrowser(stage.app.url);
    expect((await decide(stage, await signIn(stage, challenge), { decision: 'allow', csrf })).status).toBe(403);
  });

  it('refuses a login without the form token, and signs nobody in', async () => {
    const challenge = await stage.server.signChallenge();
    const form = formOf(await stage.browser.open(consentPath(challenge)), '/login');
    const page = await stage.browser.submit(form.action, { email: 'dan@acme.com', password: 'secret' });
    expect(page.status).toBe(403);
    expect((await stage.browser.open(consentPath(challenge))).url).toContain('/login');
  });

  it('refuses a logout without the form token', async () => {
    await signIn(stage, await stage.server.signChallenge());
    expect((await stage.browser.submit('/logout', {})).status).toBe(403);
  });

  it('refuses a POST to the consent page by somebody who is not signed in', async () => {
    const challenge = await stage.server.signChallenge();
    const { fields } = formOf(await stage.browser.open(consentPath(challenge)), '/login');
    const answer = await stage.browser.submit(consentPath(challenge), { ...fields, decision: 'allow' });
    expect(answer.status).toBe(403);
  });

  it('takes a forged, altered or foreign session cookie for none', async () => {
    const challenge = await stage.server.signChallenge();
    await signIn(stage, challenge);
    const real = stage.browser.cookies.get('castellan_consent') ?? '';
    const foreign = await stage.start();
    const altered = `${real.slice(0, -2)}${real.endsWith('A') ? 'BB' : 'AA'}`;
    try {
      for (const cookie of ['forged', altered, '{"sub":"user:12345:dandean"}', '']) {
        stage.browser.cookies.set('castellan_consent', encodeURIComponent(cookie));
        expect((await stage.browser.open(consentPath(challenge))).url).toContain('/login');
      }
      const elsewhere = openBrowser(foreign.url);
      elsewhere.cookies.set('castellan_consent', real);
      expect((await elsewhere.open(consentPath(challenge))).url).toContain('/login');
    } finally {
      await foreign.close();
    }
  });

  it('ends a session after eight hours', async () => {
    await signIn(stage, await stage.server.signChallenge());
    stage.now += 8 * 60 * 60 * 1000 + 1000;
    expect((await stage.browser.open(consentPath(await stage.server.signChallenge()))).url).toContain('/login');
  });
});
