import { beforeEach, describe, expect, it } from 'vitest';
import { consentOf, errorOf, loginChallenge, seconds, sentWith, useChallengeFlow } from '../testing/challenge-flow.js';
import { acceptConsent, findConsentRequest } from './decide-consent.js';

const flow = useChallengeFlow();

describe('the flow of Hydra 0.10 and 0.11', () => {
  beforeEach(() => flow.open({ flow: 'consent-request' }));

  async function request() {
    const outcome = await flow.start();
    const id = sentWith(outcome, 'consent');
    const found = await findConsentRequest(id, 'consent_request', flow.tools());
    if (found.kind !== 'waiting') throw new Error(found.kind);
    return { id, redirectTo: found.redirectTo };
  }

  const granted = () => consentOf({ name: 'consent_request', subject: 'alice', scopes: ['openid'] });

  it('asks one app for login and consent, and returns with its csrf value', async () => {
    const { id, redirectTo } = await request();
    expect(redirectTo).toMatch(/\?consent=[A-Za-z0-9_-]{64}&consent_csrf=[A-Za-z0-9_-]{64}$/);
    flow.harness.advance(5_000);
    expect((await acceptConsent(id, granted(), flow.tools())).kind).toBe('decided');
    const grant = await flow.grantOf(await flow.browser.follow(redirectTo));
    expect(grant).toMatchObject({ subject: 'alice', scopes: ['openid'], authTime: seconds + 5 });
    expect(grant).not.toHaveProperty('sid');
  });

  it('buys nothing before it is accepted, in another browser, or with another csrf value', async () => {
    const { id, redirectTo } = await request();
    expect(errorOf(await flow.browser.follow(redirectTo))).toBe('page: invalid_request');
    await acceptConsent(id, granted(), flow.tools());
    expect(errorOf(await flow.harness.openBrowser().follow(redirectTo))).toBe('page: invalid_request');
    const other = await request();
    const mixed = `${redirectTo.split('&')[0]}&${other.redirectTo.split('&')[1]}`;
    expect(errorOf(await flow.browser.follow(mixed))).toBe('page: invalid_request');
    expect((await flow.browser.follow(redirectTo)).kind).toBe('to-client');
  });

  it('refuses a decision without a subject, and one in the words of the other flow', async () => {
    const { id } = await request();
    await expect(acceptConsent(id, { ...granted(), subject: '' }, flow.tools())).rejects.toThrow('subject is empty');
    expect(await acceptConsent(id, consentOf(), flow.tools())).toEqual({ kind: 'unknown' });
  });

  it('is chosen for one client where its registration says so', async () => {
    await flow.open({ flow: 'jwt' }, { loginConsent: { flow: 'challenge' } });
    loginChallenge(await flow.start());
    await flow.open({ flow: 'challenge' }, { loginConsent: { flow: 'jwt' } });
    expect(sentWith(await flow.start(), 'challenge')).toMatch(/\./);
  });
});
