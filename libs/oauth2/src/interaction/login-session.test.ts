import { describe, expect, it } from 'vitest';
import { issuer } from '../testing/authorization-harness.js';
import {
  dayMs,
  errorOf,
  loginChallenge,
  remembered,
  seconds,
  sentWith,
  useChallengeFlow,
} from '../testing/challenge-flow.js';

const flow = useChallengeFlow();

describe('a login session', () => {
  it('lets the app skip, keeps the time of the login, and its sid', async () => {
    const grant = await flow.grantOf(await flow.run(remembered));
    flow.harness.advance(60_000);
    const challenge = loginChallenge(await flow.start());
    expect(await flow.loginRequest(challenge)).toMatchObject({
      skip: true,
      subject: 'alice',
      sessionId: grant?.sid,
      reason: '',
    });
    const again = await flow.browser.follow(await flow.login(challenge));
    const second = sentWith(again, 'consent_challenge');
    expect((await flow.consentRequest(second)).request.skip).toBe(true);
    expect(await flow.grantOf(await flow.browser.follow(await flow.consent(second)))).toMatchObject({
      sid: grant?.sid,
      authTime: seconds,
      consentId: grant?.consentId,
    });
  });

  it('takes no other subject while it lasts', async () => {
    await flow.run(remembered);
    const challenge = loginChallenge(await flow.start());
    await expect(flow.login(challenge, { subject: 'mallory' })).rejects.toThrow(
      'subject must be that of the login session',
    );
  });

  it('is not remembered unless the app says so', async () => {
    await flow.run();
    expect(await flow.loginRequest(loginChallenge(await flow.start()))).toMatchObject({
      skip: false,
      reason: 'no_session',
    });
  });

  it('LO-09: gets a cookie that nobody held before at each login, and the old cookie is dead', async () => {
    await flow.run(remembered);
    const before = flow.browser.jar.get('__Host-castellan_session');
    await flow.run({ request: { prompt: 'login' }, ...remembered });
    const after = flow.browser.jar.get('__Host-castellan_session');
    expect(after).not.toBe(before);
    const thief = flow.harness.openBrowser();
    thief.jar.set('__Host-castellan_session', before ?? '');
    expect(await flow.loginRequest(loginChallenge(await flow.start({}, thief)))).toMatchObject({ skip: false });
  });

  it('ends when somebody else logs in in its browser', async () => {
    const alice = await flow.grantOf(await flow.run(remembered));
    const bob = await flow.grantOf(
      await flow.run({ request: { prompt: 'login' }, login: { remember: true, subject: 'bob' } }),
    );
    expect(bob?.sid).not.toBe(alice?.sid);
    expect(await flow.harness.sessions.find(alice?.sid ?? '')).toBeUndefined();
    expect(await flow.harness.sessions.find(bob?.sid ?? '')).toMatchObject({ subject: 'bob' });
  });

  it('expires after the time that the app says, at most after that of the server', async () => {
    await flow.run({ login: { remember: true, rememberFor: 3600 } });
    flow.harness.advance(3_600_000);
    expect(await flow.loginRequest(loginChallenge(await flow.start()))).toMatchObject({ skip: false });
    await flow.run({ login: { remember: true, rememberFor: 315_360_000 } });
    flow.harness.advance(30 * dayMs);
    expect(await flow.loginRequest(loginChallenge(await flow.start()))).toMatchObject({ skip: false });
  });

  it.each([
    ['prompt=login', { prompt: 'login' }, 'prompt_login'],
    ['prompt=select_account', { prompt: 'select_account' }, 'prompt_select_account'],
    ['a max_age that is over', { max_age: '59' }, 'max_age'],
    ['max_age=0', { max_age: '0' }, 'max_age'],
  ])('does not do for %s: the login is new', async (_, request, reason) => {
    await flow.run(remembered);
    flow.harness.advance(60_000);
    const challenge = loginChallenge(await flow.start(request));
    expect(await flow.loginRequest(challenge)).toMatchObject({ skip: false, subject: '', reason });
    const atConsent = await flow.browser.follow(await flow.login(challenge));
    const outcome = await flow.browser.follow(await flow.consent(sentWith(atConsent, 'consent_challenge')));
    expect((await flow.grantOf(outcome))?.authTime).toBe(seconds + 60);
  });

  it('that ended meanwhile is not used, and a consent given in it buys nothing', async () => {
    const grant = await flow.grantOf(await flow.run(remembered));
    const first = await flow.login(loginChallenge(await flow.start()));
    const waiting = await flow.browser.follow(await flow.login(loginChallenge(await flow.start())));
    const late = await flow.consent(sentWith(waiting, 'consent_challenge'));
    await flow.harness.sessions.end({ sid: grant?.sid ?? '' }, { revokeTokens: false });
    expect(errorOf(await flow.browser.follow(first))).toBe('login_required');
    expect(errorOf(await flow.browser.follow(late))).toBe('access_denied');
  });
});

describe('prompt=none', () => {
  const none = { prompt: 'none' };

  it('is login_required without a session, and with one that is too old', async () => {
    expect(errorOf(await flow.start(none))).toBe('login_required');
    await flow.run(remembered);
    flow.harness.advance(60_000);
    expect(errorOf(await flow.start({ ...none, max_age: '30' }))).toBe('login_required');
  });

  it('CF-25: is consent_required without a remembered consent, and when more is asked for', async () => {
    await flow.run({ login: { remember: true } });
    expect(errorOf(await flow.run({ request: none }))).toBe('consent_required');
    await flow.run(remembered);
    expect(errorOf(await flow.run({ request: { ...none, scope: 'openid photos' } }))).toBe('consent_required');
    expect(errorOf(await flow.run({ request: { ...none, resource: 'urn:photos' } }))).toBe('consent_required');
  });

  it('succeeds with both', async () => {
    await flow.run(remembered);
    expect(await flow.grantOf(await flow.run({ request: none }))).toMatchObject({ subject: 'alice' });
  });

  it('CF-21: is refused together with another prompt', async () => {
    expect(errorOf(await flow.start({ prompt: 'none login' }))).toBe('invalid_request');
  });
});

describe('a hint of who shall log in', () => {
  async function hintFor(subject: string): Promise<string> {
    const { idTokenSigner } = flow.harness.tools;
    const claims = { iss: issuer, aud: 'conf', sub: subject, iat: seconds, exp: seconds + 60 };
    return (await idTokenSigner.sign(claims)).jws;
  }

  it('reaches the login app with its claims', async () => {
    const challenge = loginChallenge(
      await flow.start({ id_token_hint: await hintFor('alice'), login_hint: 'alice@b.c' }),
    );
    expect(await flow.loginRequest(challenge)).toMatchObject({ hintClaims: { sub: 'alice' }, loginHint: 'alice@b.c' });
  });

  it('makes a session of somebody else useless, and a login as somebody else', async () => {
    await flow.run(remembered);
    const hint = await hintFor('bob');
    expect(errorOf(await flow.start({ id_token_hint: hint, prompt: 'none' }))).toBe('login_required');
    const challenge = loginChallenge(await flow.start({ id_token_hint: hint }));
    expect(await flow.loginRequest(challenge)).toMatchObject({ skip: false, reason: 'id_token_hint' });
    expect(errorOf(await flow.browser.follow(await flow.login(challenge, { subject: 'mallory' })))).toBe(
      'login_required',
    );
  });
});
