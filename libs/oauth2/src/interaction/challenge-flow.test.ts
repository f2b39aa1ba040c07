import { describe, expect, it } from 'vitest';
import { claimsOf, consentUrl, issuer, responseOf, validRequest } from '../testing/authorization-harness.js';
import { errorOf, loginChallenge, seconds, sentWith, useChallengeFlow } from '../testing/challenge-flow.js';

const flow = useChallengeFlow();

describe('the challenge flow', () => {
  it('goes to the login app, to the consent app and to the client with what both said', async () => {
    const first = loginChallenge(await flow.start({ resource: 'urn:photos', ui_locales: 'de en', acr_values: 'gold' }));
    expect(first).toMatch(/^[A-Za-z0-9_-]{64}$/);
    expect(await flow.loginRequest(first)).toMatchObject({
      requestedScope: ['openid', 'offline'],
      requestedAudience: ['urn:photos'],
      uiLocales: ['de', 'en'],
      acrValues: ['gold'],
      skip: false,
      subject: '',
      reason: 'no_session',
    });
    flow.harness.advance(5_000);
    const verifier = await flow.login(first, { acr: 'gold', amr: ['pwd'], context: { from: 'login' } });
    expect(verifier).toMatch(/^https:\/\/issuer\.example\/oauth2\/auth\?login_verifier=[A-Za-z0-9_-]{64}$/);
    const atConsent = await flow.browser.follow(verifier);
    const second = sentWith(atConsent, 'consent_challenge');
    expect('location' in atConsent && atConsent.location).toContain(`${consentUrl}?consent_challenge=`);
    const { request, facts, loginChallenge: named } = await flow.consentRequest(second);
    expect(request).toMatchObject({ skip: false, subject: 'alice' });
    expect([facts.acr, facts.amr, facts.context, named]).toEqual(['gold', ['pwd'], { from: 'login' }, first]);
    const outcome = await flow.browser.follow(
      await flow.consent(second, { scopes: ['openid'], audience: ['urn:photos'] }),
    );
    expect(await flow.grantOf(outcome)).toMatchObject({
      subject: 'alice',
      scopes: ['openid'],
      audience: ['urn:photos'],
      accessTokenExtra: { a: 1 },
      idTokenExtra: { name: 'Alice', acr: 'gold', amr: ['pwd'] },
      authTime: seconds + 5,
      sid: request.sessionId,
      nonce: validRequest['nonce'],
    });
    expect(responseOf(outcome)).toMatchObject({ state: validRequest['state'], iss: issuer });
    expect(flow.browser.jar.size).toBe(0);
  });

  it('puts acr, amr, sid and auth_time into the ID token, and no sid that the app made up', async () => {
    await flow.open({}, { responseTypes: ['id_token'], grantTypes: ['implicit'] });
    const outcome = await flow.run({
      request: { response_type: 'id_token' },
      login: { acr: 'gold', amr: ['pwd', 'otp'] },
      consent: { idTokenExtra: { sid: 'made-up', email: 'a@b.c', acr: 'platinum' } },
    });
    const claims = claimsOf(responseOf(outcome)['id_token'] ?? '');
    expect(claims).toMatchObject({ acr: 'gold', amr: ['pwd', 'otp'], auth_time: seconds, email: 'a@b.c' });
    expect(claims['sid']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('runs several times at once in one browser', async () => {
    const challenges = [
      loginChallenge(await flow.start()),
      loginChallenge(await flow.start({ state: 'second-state' })),
    ];
    const [one = '', two = ''] = challenges;
    const second = await flow.browser.follow(await flow.login(two));
    const first = await flow.browser.follow(await flow.login(one));
    const done = await flow.browser.follow(await flow.consent(sentWith(second, 'consent_challenge')));
    expect(responseOf(done)['state']).toBe('second-state');
    const other = await flow.browser.follow(await flow.consent(sentWith(first, 'consent_challenge')));
    expect(responseOf(other)['state']).toBe(validRequest['state']);
  });

  it('tells a pairwise client the subject that the login app chose, and others the subject', async () => {
    const forced = { forceSubjectIdentifier: 'chosen' };
    expect(await flow.grantOf(await flow.run({ login: forced }))).not.toHaveProperty('subjectIdentifier');
    await flow.open({}, { openid: { subjectType: 'pairwise' } });
    expect(await flow.grantOf(await flow.run({ login: forced }))).toMatchObject({
      subject: 'alice',
      subjectIdentifier: 'chosen',
    });
  });
});

describe('the audience of a request, as Hydra has it', () => {
  it('is shown to the apps, granted by them, and kept with the grant', async () => {
    const atLogin = loginChallenge(await flow.start({ audience: 'urn:mail urn:photos' }));
    expect((await flow.loginRequest(atLogin)).requestedAudience).toEqual(['urn:mail', 'urn:photos']);
    const atConsent = sentWith(await flow.browser.follow(await flow.login(atLogin)), 'consent_challenge');
    expect((await flow.consentRequest(atConsent)).request.requestedAudience).toEqual(['urn:mail', 'urn:photos']);
    const outcome = await flow.browser.follow(await flow.consent(atConsent, { audience: ['urn:mail'] }));
    expect(await flow.grantOf(outcome)).toMatchObject({ audience: ['urn:mail'], unregisteredAudience: ['urn:mail'] });
  });

  it('of a resource server ends with that', async () => {
    const grant = await flow.grantOf(
      await flow.run({ request: { audience: 'urn:photos' }, consent: { audience: ['urn:photos'] } }),
    );
    expect(grant).toMatchObject({ audience: ['urn:photos'] });
    expect(grant).not.toHaveProperty('unregisteredAudience');
  });

  it('is refused to the client where it is not registered for it, or needs a resource server', async () => {
    expect(errorOf(await flow.start({ audience: 'urn:other' }))).toBe('invalid_target');
    const asked = { request: { resource: 'urn:mail' }, consent: { audience: ['urn:mail'] } };
    expect(errorOf(await flow.run(asked))).toBe('invalid_target');
  });

  it('is not read where it is switched off', async () => {
    await flow.open({ audienceParameter: 'ignore' });
    const atLogin = loginChallenge(await flow.start({ audience: 'urn:other urn:mail' }));
    expect((await flow.loginRequest(atLogin)).requestedAudience).toEqual([]);
  });
});

describe('a verifier', () => {
  it('CF-03 CF-05 CF-19: is of no use in another browser, and the user can still go on', async () => {
    const verifier = await flow.login(loginChallenge(await flow.start()));
    const stranger = flow.harness.openBrowser();
    expect(errorOf(await stranger.follow(verifier))).toBe('page: invalid_request');
    await flow.start({}, stranger);
    expect(errorOf(await stranger.follow(verifier))).toBe('page: invalid_request');
    expect((await flow.browser.follow(verifier)).kind).toBe('to-consent');
  });

  it('CF-18: is of no use with the cookie of another request under its name', async () => {
    const challenge = loginChallenge(await flow.start());
    const [name = ''] = flow.browser.jar.keys();
    const stranger = flow.harness.openBrowser();
    await flow.start({}, stranger);
    stranger.jar.set(name, [...stranger.jar.values()][0] ?? '');
    expect(errorOf(await stranger.follow(await flow.login(challenge)))).toBe('page: invalid_request');
  });

  it('CF-01: is spent once: a replay changes nothing, and the first goes on', async () => {
    const verifier = await flow.login(loginChallenge(await flow.start()));
    const answers = await Promise.all([flow.browser.follow(verifier), flow.browser.follow(verifier)]);
    expect(answers.filter(({ kind }) => kind === 'to-consent')).toHaveLength(1);
    const [won] = answers.filter(({ kind }) => kind === 'to-consent');
    expect(errorOf(await flow.browser.follow(verifier))).toBe('page: invalid_request');
    const back = await flow.consent(sentWith(won ?? answers[0], 'consent_challenge'));
    expect((await flow.browser.follow(back)).kind).toBe('to-client');
    expect(errorOf(await flow.browser.follow(back))).toBe('page: invalid_request');
  });

  it.each([
    [
      'before any decision',
      async () => flow.harness.tools.challenges.write('login_verifier', await pendingId()),
      'login_verifier',
    ],
    [
      'of consent before the login',
      async () => flow.harness.tools.challenges.write('consent_verifier', await pendingId()),
      'consent_verifier',
    ],
    [
      'that is the challenge',
      async () => flow.harness.tools.challenges.write('login_challenge', await pendingId()),
      'login_verifier',
    ],
    ['that is made up', async () => 'A'.repeat(64), 'login_verifier'],
  ])('%s is refused on our page', async (_, make, name) => {
    const text = await make();
    expect(errorOf(await flow.browser.follow(`${issuer}/oauth2/auth?${name}=${text}`))).toBe('page: invalid_request');
  });

  it('is not replaced by a signed response of the 0.9 flow', async () => {
    const id = await pendingId();
    const challenge = { jti: id, aud: 'conf', exp: seconds + 60, scp: ['openid'], redir: '' };
    const query = new URLSearchParams(
      Object.entries(validRequest).map(([name, value]): [string, string] => [name, value ?? '']),
    );
    const outcome = await flow.browser.follow(
      `${issuer}/oauth2/auth?${query}&consent=${flow.harness.respond(challenge)}`,
    );
    expect(errorOf(outcome)).toBe('access_denied');
  });

  async function pendingId(): Promise<string> {
    const challenge = loginChallenge(await flow.start());
    return flow.harness.tools.challenges.read('login_challenge', challenge) ?? '';
  }
});

describe('pending requests', () => {
  it('CF-33: are bounded per client, and per address for others not to be locked out', async () => {
    await flow.open({ pendingRequestsPerAddress: 3 });
    const attacker = flow.harness.openBrowser(true, '192.0.2.1');
    for (let count = 0; count < 3; count++) expect((await flow.start({}, attacker)).kind).toBe('to-consent');
    expect(errorOf(await flow.start({}, attacker))).toBe('temporarily_unavailable');
    expect((await flow.start({}, flow.harness.openBrowser(true, '192.0.2.2'))).kind).toBe('to-consent');
  });
});
