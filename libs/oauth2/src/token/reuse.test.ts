import { beforeEach, describe, expect, it } from 'vitest';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';

const authorization = basic('conf', 'conf-secret');
let harness: TokenHarness;

beforeEach(async () => {
  harness = await createTokenHarness({ refreshGraceMs: 10_000 });
});

async function login() {
  const code = harness.makeCode(await harness.register());
  const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
  return { form, tokens: await harness.token(form, authorization) };
}

const refresh = (token = '') => harness.token({ grant_type: 'refresh_token', refresh_token: token }, authorization);

describe('reuse of what is good for one use', () => {
  it('64 refreshes with one token inside the window: one pair for all, nothing revoked, no event', async () => {
    const { tokens } = await login();
    const answers = await Promise.all(Array.from({ length: 64 }, () => refresh(tokens.refreshToken)));
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(await harness.isActive(answers[0]?.accessToken ?? '')).toBe(true);
    expect(harness.reuses).toEqual([]);
  });

  it('64 refreshes outside the window: all refused, the family revoked, and an event that names it', async () => {
    const { tokens } = await login();
    const next = await refresh(tokens.refreshToken);
    harness.advance(10_001);
    const refusals = await Promise.all(Array.from({ length: 64 }, () => refusalOf(refresh(tokens.refreshToken))));
    expect(new Set(refusals.map(({ error }) => error))).toEqual(new Set(['invalid_grant']));
    expect(await harness.isActive(next.accessToken)).toBe(false);
    const [event] = harness.reuses;
    expect(event).toEqual({
      ...{ event: 'refresh_reuse', clientId: 'conf', subject: 'alice' },
      family: { bucket: expect.any(Number), id: expect.any(String) },
    });
    expect(new Set(harness.reuses.map(({ family }) => family.id)).size).toBe(1);
  });

  it('a code that comes again later is an event too; a race of a client with itself is none', async () => {
    const { form } = await login();
    await refusalOf(harness.token(form, authorization));
    expect(harness.reuses).toEqual([]);
    harness.advance(2_001);
    await refusalOf(harness.token(form, authorization));
    expect(harness.reuses).toMatchObject([{ event: 'code_reuse', clientId: 'conf', subject: 'alice' }]);
  });

  it('garbage and another client cause no event', async () => {
    const { tokens } = await login();
    await refresh(tokens.refreshToken);
    harness.advance(10_001);
    await harness.register({ id: 'evil' }, 'evil-secret');
    const stolen = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '' };
    await refusalOf(harness.token(stolen, basic('evil', 'evil-secret')));
    await refusalOf(refresh(`${tokens.refreshToken}x`));
    expect(harness.reuses).toEqual([]);
  });
});

describe('a storage error during revocation', () => {
  it.each(['revokeFamily', 'findRefreshToken'] as const)(
    'is a fault and never an answer (IN-14): %s',
    async (method) => {
      const { tokens } = await login();
      const working = harness.store[method];
      Object.assign(harness.store, { [method]: () => Promise.reject(new Error('the database is away')) });
      const form = { token: tokens.refreshToken ?? '' };
      await expect(harness.revoke(form, authorization)).rejects.toThrow('the database is away');
      Object.assign(harness.store, { [method]: working });
      expect(await harness.isActive(tokens.accessToken)).toBe(true);
      await harness.revoke(form, authorization);
      expect(await harness.isActive(tokens.accessToken)).toBe(false);
    },
  );
});
