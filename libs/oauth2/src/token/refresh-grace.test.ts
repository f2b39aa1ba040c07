import { beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../client.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';
import type { IssuedTokens } from './token-request.js';

const conf = basic('conf', 'conf-secret');
const invalidGrant = { error: 'invalid_grant', status: 400 };

let harness: TokenHarness;
let first: IssuedTokens;

async function start(changes: Partial<Client> = {}, authorization = conf) {
  harness = await createTokenHarness({ refreshGraceMs: 10_000 });
  const owner = await harness.register(changes);
  const form = { grant_type: 'authorization_code', code: harness.makeCode(owner), redirect_uri: callback };
  first = await harness.token(form, authorization);
}

function refresh(tokens: IssuedTokens, changes: Record<string, string> = {}, authorization = conf) {
  const form = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '', ...changes };
  return harness.token(form, authorization);
}

describe('a refresh token that comes again inside the window', () => {
  beforeEach(() => start());

  it('is answered by the same pair, with what is left of its lifetime', async () => {
    const second = await refresh(first);
    harness.advance(9_000);
    expect(await refresh(first)).toEqual({ ...second, expiresIn: second.expiresIn - 9 });
    expect(await harness.isActive(second.accessToken)).toBe(true);
    expect((await refresh(second)).refreshToken).toBeDefined();
  });

  it('64 times in parallel buys one successor pair, and no family is revoked', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => refresh(first)));
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(await harness.isActive(answers[0]?.accessToken ?? '')).toBe(true);
    expect(await harness.isActive(first.accessToken)).toBe(true);
  });

  it('does not open the window anew (RT-05)', async () => {
    const second = await refresh(first);
    harness.advance(9_000);
    await refresh(first);
    harness.advance(1_000);
    expect(await refusalOf(refresh(first))).toEqual(invalidGrant);
    expect(await harness.isActive(second.accessToken)).toBe(false);
  });

  it('is reuse once the successor was used', async () => {
    const second = await refresh(first);
    const third = await refresh(second);
    expect(await refusalOf(refresh(first))).toEqual(invalidGrant);
    expect(await harness.isActive(third.accessToken)).toBe(false);
  });

  it('is reuse when it asks for something else', async () => {
    const second = await refresh(first);
    expect(await refusalOf(refresh(first, { scope: 'openid' }))).toEqual(invalidGrant);
    expect(await harness.isActive(second.accessToken)).toBe(false);
  });

  it('revives no family that is revoked', async () => {
    const second = await refresh(first);
    await harness.revoke({ token: second.refreshToken ?? '' }, conf);
    expect(await refusalOf(refresh(first))).toEqual(invalidGrant);
    expect(await harness.isActive(second.accessToken)).toBe(false);
  });

  it('tells another client nothing and does the family no harm', async () => {
    await harness.register({ id: 'evil' }, 'evil-secret');
    const second = await refresh(first);
    expect(await refusalOf(refresh(first, {}, basic('evil', 'evil-secret')))).toEqual(invalidGrant);
    expect(await harness.isActive(second.accessToken)).toBe(true);
  });

  it('is kept sealed, and erased when the window is over', async () => {
    const second = await refresh(first);
    for (const part of [second.refreshToken, second.accessToken, second.idToken]) {
      expect(harness.store.dump()).not.toContain(part?.split('.')[1] ?? 'nothing');
    }
    expect(await harness.store.sweepAnswers(10)).toBe(0);
    harness.advance(10_000);
    expect(await harness.store.sweepAnswers(10)).toBe(1);
    expect(harness.store.dump()).not.toContain('"sealed"');
  });
});

describe('a public client', () => {
  it('gets no second answer: what comes twice is stolen', async () => {
    await start({ public: true, id: 'pub' }, '').catch(() => undefined);
    const owner = await harness.clients.find('pub');
    if (owner === undefined) throw new Error('not registered');
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    const codeChallenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
    const code = harness.makeCode(owner, { codeChallenge });
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier };
    first = await harness.token({ ...form, client_id: 'pub' });
    const second = await refresh(first, { client_id: 'pub' }, '');
    expect(await refusalOf(refresh(first, { client_id: 'pub' }, ''))).toEqual(invalidGrant);
    expect(await harness.isActive(second.accessToken)).toBe(false);
  });
});
