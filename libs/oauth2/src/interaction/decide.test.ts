import { describe, expect, it } from 'vitest';
import { callback, issuer, partsOf, responseOf, validRequest } from '../testing/authorization-harness.js';
import {
  consentOf,
  errorOf,
  loginChallenge,
  redirectOf,
  remembered,
  sentWith,
  useChallengeFlow,
} from '../testing/challenge-flow.js';
import { acceptConsent, findConsentRequest, rejectConsent } from './decide-consent.js';
import { acceptLogin, findLoginRequest, rejectLogin } from './decide-login.js';

const flow = useChallengeFlow();

describe('a decision of an app', () => {
  it('CF-30: counts once: the second is a conflict, whatever it says', async () => {
    const challenge = loginChallenge(await flow.start());
    const refusal = { error: '', description: '', hint: '', debug: '', statusCode: 0 };
    const both = await Promise.all([
      acceptLogin(challenge, { subject: 'alice', remember: false, rememberFor: 0, extendSession: false }, flow.tools()),
      rejectLogin(challenge, refusal, flow.tools()),
    ]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['conflict', 'decided']);
    expect(await findLoginRequest(challenge, flow.tools())).toMatchObject({ kind: 'handled' });
  });

  it('says where to start anew once it is taken, also after the end', async () => {
    const challenge = loginChallenge(await flow.start());
    const atConsent = await flow.browser.follow(await flow.login(challenge));
    const second = sentWith(atConsent, 'consent_challenge');
    await flow.browser.follow(await flow.consent(second));
    for (const found of [
      await findLoginRequest(challenge, flow.tools()),
      await findConsentRequest(second, 'consent_challenge', flow.tools()),
    ]) {
      if (found.kind !== 'handled') throw new Error(found.kind);
      expect(Object.fromEntries(new URL(found.redirectTo).searchParams)).toEqual(validRequest);
    }
  });

  it.each([
    ['unknown', () => 'A'.repeat(64)],
    ['no challenge', () => "' OR 1=1"],
    ['a challenge of the other kind', (challenge: string) => challenge],
  ])('about an unknown request is unknown: %s', async (_, make) => {
    const challenge = loginChallenge(await flow.start());
    expect(await findConsentRequest(make(challenge), 'consent_challenge', flow.tools())).toEqual({ kind: 'unknown' });
    expect(await acceptConsent(make(challenge), consentOf(), flow.tools())).toEqual({ kind: 'unknown' });
  });

  it('comes too late for a request that expired', async () => {
    const challenge = loginChallenge(await flow.start());
    flow.harness.advance(600_000);
    expect(
      await rejectLogin(challenge, { error: '', description: '', hint: '', debug: '', statusCode: 0 }, flow.tools()),
    ).toEqual({
      kind: 'unknown',
    });
  });

  it.each([
    ['no subject', { subject: '' }, 'subject is empty'],
    ['a subject that is the id of a client', { subject: 'conf' }, 'subject is the id of a client'],
    ['a subject with a control character', { subject: 'a\u0000b' }, 'not allowed'],
    ['a negative time', { rememberFor: -1 }, 'remember_for'],
    ['a context that is too large', { context: 'x'.repeat(9_000) }, 'context is larger'],
    ['too many methods', { amr: Array.from({ length: 21 }, () => 'x') }, 'at most 20'],
  ])('is refused and leaves the request open: %s', async (_, changes, message) => {
    const challenge = loginChallenge(await flow.start());
    await expect(flow.login(challenge, changes)).rejects.toThrow(message);
    expect(await findLoginRequest(challenge, flow.tools())).toMatchObject({ kind: 'waiting' });
  });

  it.each([
    ['a scope that was not requested', { scopes: ['openid', 'photos'] }, 'grant_scope'],
    ['a resource that was not requested', { audience: ['urn:mail'] }, 'grant_access_token_audience'],
    ['claims that are too large', { idTokenExtra: { x: 'x'.repeat(9_000) } }, 'session.id_token'],
  ])('never widens: %s', async (_, changes, message) => {
    const atConsent = await flow.browser.follow(await flow.login(loginChallenge(await flow.start())));
    const challenge = sentWith(atConsent, 'consent_challenge');
    await expect(flow.consent(challenge, changes)).rejects.toThrow(message);
  });

  it.each([
    [
      'its own words',
      { error: 'user_blocked', description: 'Blocked', hint: 'for "now"' },
      'user_blocked',
      'Blocked for ?now?',
    ],
    ['none', { error: '', description: '', hint: '' }, 'access_denied', undefined],
  ])('to refuse reaches the client in the words of the app: %s', async (_, words, error, text) => {
    const rejection = { ...words, debug: 'secret', statusCode: 403 };
    const challenge = loginChallenge(await flow.start());
    const refused = await flow.browser.follow(redirectOf(await rejectLogin(challenge, rejection, flow.tools())));
    expect(partsOf(refused).target).toBe(callback);
    expect(responseOf(refused)).toEqual({
      error,
      ...(text !== undefined ? { error_description: text } : {}),
      state: validRequest['state'],
      iss: issuer,
    });
    const atConsent = await flow.browser.follow(await flow.login(loginChallenge(await flow.start())));
    const second = sentWith(atConsent, 'consent_challenge');
    const denied = redirectOf(await rejectConsent(second, { ...rejection, name: 'consent_challenge' }, flow.tools()));
    expect(errorOf(await flow.browser.follow(denied))).toBe(error);
  });
});

describe('a remembered consent', () => {
  async function skips(request: Readonly<Record<string, string | undefined>> = {}): Promise<boolean> {
    const atConsent = await flow.browser.follow(await flow.login(loginChallenge(await flow.start(request))));
    return (await flow.consentRequest(sentWith(atConsent, 'consent_challenge'))).request.skip;
  }

  it.each([
    ['less', { scope: 'openid' }, true],
    ['more', { scope: 'openid offline photos' }, false],
    ['another resource', { resource: 'urn:mail' }, false],
    ['another audience', { audience: 'urn:mail' }, false],
    ['the same with prompt=consent', { prompt: 'consent' }, false],
  ])('for what was granted answers a request for %s: skip %s', async (_, request, skip) => {
    await flow.run(remembered);
    expect(await skips(request)).toBe(skip);
  });

  it('CF-27: is asked again of a public client that another program could pass for', async () => {
    const redirect = {
      redirect_uri: 'com.example.app:/cb',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    };
    await flow.open({}, { public: true, redirectUris: ['com.example.app:/cb'] });
    await flow.run({ ...remembered, request: redirect });
    expect(await skips(redirect)).toBe(false);
  });

  it('is not needed for a client that the operator trusts', async () => {
    await flow.open({}, { loginConsent: { skipConsent: true } });
    expect(await skips()).toBe(true);
    expect(await skips({ prompt: 'consent' })).toBe(false);
  });

  it('is listed with what the app saw and said, and its revocation ends what came of it', async () => {
    const grant = await flow.grantOf(await flow.run({ consent: { remember: true, context: { kept: 1 } } }));
    const [listed] = await flow.harness.consents.list({ subject: 'alice' }, { limit: 10 });
    expect(listed).toMatchObject({
      id: grant?.consentId,
      sid: grant?.sid,
      scopes: ['openid', 'offline'],
      details: { request: { subject: 'alice', requested_scope: ['openid', 'offline'] }, context: { kept: 1 } },
    });
    expect(await flow.harness.consents.revoke({ id: grant?.consentId ?? '' })).toBe(1);
    expect(await flow.harness.consents.findRemembered('alice', listed?.clientUid ?? '')).toEqual([]);
  });
});
