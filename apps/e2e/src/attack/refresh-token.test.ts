import { describe, expect, it } from 'vitest';
import type { Answer } from '../http.js';
import { claimsOf } from './jwt.js';
import {
  admin,
  authorize,
  errorOf,
  isActive,
  newTokens,
  refresh,
  revoke,
  tokenRequest,
  tokensOf,
  useTarget,
} from './target.js';

// These rows are about reuse itself: without the window in which a repeated refresh is answered again (rulings 35).
const target = useTarget({ env: { REFRESH_TOKEN_GRACE: '0s' } });

function expectError(answer: Answer, error: string): void {
  expect([answer.status, errorOf(answer)]).toEqual([400, error]);
}

describe('refresh tokens', () => {
  it('positive control: a refresh token is used once and replaced', async () => {
    const first = await newTokens(target());
    const second = tokensOf(await refresh(target(), 'conf', first.refresh_token));
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await isActive(target(), second.access_token)).toBe(true);
  });

  it.each([
    ['RT-01', 'the client uses it again'],
    ['RT-02', 'the thief was faster'],
  ])('%s: reuse ends every token of the grant (%s)', async () => {
    const first = await newTokens(target());
    const second = tokensOf(await refresh(target(), 'conf', first.refresh_token));
    expectError(await refresh(target(), 'conf', first.refresh_token), 'invalid_grant');
    for (const token of [first.access_token, second.access_token]) expect(await isActive(target(), token)).toBe(false);
    expectError(await refresh(target(), 'conf', second.refresh_token ?? ''), 'invalid_grant');
  });

  it('RT-03: of parallel uses at most one succeeds, and no branch stays alive', async () => {
    for (const parallel of [2, 8, 64]) {
      const first = await newTokens(target());
      const answers = await Promise.all(
        Array.from({ length: parallel }, () => refresh(target(), 'conf', first.refresh_token)),
      );
      const won = answers.filter((answer) => answer.status === 200);
      expect(won.length).toBeLessThanOrEqual(1);
      for (const answer of won) {
        expect(await isActive(target(), tokensOf(answer).access_token)).toBe(false);
        expectError(await refresh(target(), 'conf', tokensOf(answer).refresh_token ?? ''), 'invalid_grant');
      }
    }
  });

  it('RT-09, RT-10: the scope widens no further than what was granted', async () => {
    const first = await newTokens(target(), 'conf', { scope: 'openid offline docs' });
    expectError(
      await refresh(target(), 'conf', first.refresh_token, { scope: 'openid offline docs profile' }),
      'invalid_scope',
    );
    expectError(await refresh(target(), 'conf', first.refresh_token, { scope: 'hydra' }), 'invalid_scope');
    const narrow = tokensOf(await refresh(target(), 'conf', first.refresh_token, { scope: 'openid' }));
    expect(narrow.scope).toBe('openid');
    const full = tokensOf(await refresh(target(), 'conf', narrow.refresh_token ?? '', { scope: 'openid docs' }));
    expect(full.scope).toBe('openid docs');
  });

  it('RT-09: a scope that the user did not grant is not granted later', async () => {
    const first = await newTokens(target(), 'conf', {}, { scp: ['openid', 'offline'] });
    expectError(await refresh(target(), 'conf', first.refresh_token, { scope: 'docs' }), 'invalid_scope');
    expect(
      tokensOf(await refresh(target(), 'conf', first.refresh_token))
        .scope.split(' ')
        .sort(),
    ).toEqual(['offline', 'openid']);
  });

  it('RT-11: a resource that was not granted is no target', async () => {
    const first = await newTokens(target());
    expectError(
      await refresh(target(), 'conf', first.refresh_token, { resource: 'https://api.example' }),
      'invalid_target',
    );
  });

  it('RT-15: an access token refreshes nothing, and a refresh token opens nothing', async () => {
    const tokens = await newTokens(target());
    expectError(await refresh(target(), 'conf', tokens.access_token), 'invalid_grant');
    expect(await isActive(target(), tokens.refresh_token)).toBe(false);
    expect((await admin(target(), 'GET', '/clients', undefined, tokens.refresh_token)).status).toBe(401);
    expectError(
      await tokenRequest(target(), 'conf', {
        grant_type: 'authorization_code',
        code: tokens.refresh_token,
        redirect_uri: 'https://rp.example/cb',
      }),
      'invalid_grant',
    );
    expect(await isActive(target(), tokens.access_token)).toBe(true);
  });

  it('RT-16: another client neither uses a refresh token nor harms its grant', async () => {
    const tokens = await newTokens(target());
    expectError(await refresh(target(), 'evil', tokens.refresh_token), 'invalid_grant');
    expect((await refresh(target(), 'conf', tokens.refresh_token)).status).toBe(200);
  });

  it('RT-17, RT-18, RT-23: no refresh token without offline, in the front channel, or for a client itself', async () => {
    const online = await newTokens(target(), 'conf', { scope: 'openid docs' });
    expect(online.refresh_token).toBeUndefined();
    const implicit = await authorize(target(), 'hybrid', { response_type: 'token', scope: 'offline docs' });
    expect([implicit.has('access_token'), implicit.has('refresh_token')]).toEqual([true, false]);
    const own = tokensOf(await tokenRequest(target(), 'svc', { grant_type: 'client_credentials', scope: 'docs' }));
    expect(own.refresh_token).toBeUndefined();
  });

  it('RT-17: offline that the user refused gives no refresh token', async () => {
    expect((await newTokens(target(), 'conf', {}, { scp: ['openid'] })).refresh_token).toBeUndefined();
  });

  it('RT-19: garbage is refused and ends nobody’s grant', async () => {
    const { refresh_token: token, access_token: access } = await newTokens(target());
    const dot = token.indexOf('.');
    const garbage = [
      token.slice(0, -1),
      `${token}A`,
      token.slice(0, dot),
      `${token}.`,
      `${token}=`,
      token.replace('ct_rt_', 'ct_ac_'),
      token.slice(0, dot + 1) + 'A'.repeat(43),
      'x',
      '..',
      'x'.repeat(8_192),
      `${token} `,
    ];
    for (const text of garbage) expectError(await refresh(target(), 'conf', text), 'invalid_grant');
    expect(await isActive(target(), access)).toBe(true);
    expect((await refresh(target(), 'conf', token)).status).toBe(200);
  });

  it('RT-21: a refreshed ID token keeps its subject and time of login, and has no nonce', async () => {
    const first = await newTokens(target());
    const second = tokensOf(await refresh(target(), 'conf', first.refresh_token));
    const [before, after] = [claimsOf(first.id_token), claimsOf(second.id_token ?? '')];
    for (const name of ['iss', 'sub', 'aud', 'auth_time']) expect(after[name]).toEqual(before[name]);
    expect(after).not.toHaveProperty('nonce');
  });

  it('RT-22: revoking the refresh token ends the access tokens of its grant', async () => {
    const first = await newTokens(target());
    const second = tokensOf(await refresh(target(), 'conf', first.refresh_token));
    expect((await revoke(target(), second.refresh_token ?? '')).status).toBe(200);
    for (const token of [first.access_token, second.access_token]) expect(await isActive(target(), token)).toBe(false);
    expectError(await refresh(target(), 'conf', second.refresh_token ?? ''), 'invalid_grant');
  });

  it('RT-25: whoever is at the browser now, the subject is that of the grant', async () => {
    const alice = await newTokens(target(), 'conf', {}, { sub: 'alice' });
    await newTokens(target(), 'conf', {}, { sub: 'mallory' });
    expect(claimsOf(tokensOf(await refresh(target(), 'conf', alice.refresh_token)).id_token ?? '')['sub']).toBe(
      'alice',
    );
  });

  it('IN-17: revocation and refresh at once leave nothing alive', async () => {
    for (let round = 0; round < 15; round++) {
      const first = await newTokens(target());
      const [refreshed, revoked] = await Promise.all([
        refresh(target(), 'conf', first.refresh_token),
        revoke(target(), round % 2 === 0 ? first.refresh_token : first.access_token),
      ]);
      expect(revoked.status).toBe(200);
      expect(await isActive(target(), first.access_token)).toBe(false);
      if (refreshed.status !== 200) continue;
      const second = tokensOf(refreshed);
      expect(await isActive(target(), second.access_token)).toBe(false);
      expectError(await refresh(target(), 'conf', second.refresh_token ?? ''), 'invalid_grant');
    }
  });

  it('RT-13: a refresh token that idles for two weeks, or lives for ninety days, is over', async () => {
    const idle = await newTokens(target());
    const day = 86_400_000;
    await target().database.advanceClock(14 * day + 1_000);
    expectError(await refresh(target(), 'conf', idle.refresh_token), 'invalid_grant');
    let token = (await newTokens(target())).refresh_token;
    for (let used = 0; used < 7; used++) {
      await target().database.advanceClock(12 * day);
      const answer = await refresh(target(), 'conf', token);
      expect(answer.status, `after ${(used + 1) * 12} days`).toBe(200);
      token = tokensOf(answer).refresh_token ?? '';
    }
    await target().database.advanceClock(6 * day + 1_000);
    expectError(await refresh(target(), 'conf', token), 'invalid_grant');
  });
});
