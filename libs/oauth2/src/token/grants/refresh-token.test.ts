import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredClient } from '../../client-store.js';
import { sampleClient } from '../../testing/sample-client.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from '../token-harness.js';
import type { IssuedTokens } from '../token-request.js';

const conf = basic('conf', 'conf-secret');
const invalidGrant = { error: 'invalid_grant', status: 400 };
const day = 86_400_000;

let harness: TokenHarness;
let owner: StoredClient;
let first: IssuedTokens;
beforeEach(async () => {
  harness = await createTokenHarness();
  owner = await harness.register();
  first = await redeem();
});

function redeem(grant = {}) {
  const code = harness.makeCode(owner, { grant });
  return harness.token({ grant_type: 'authorization_code', code, redirect_uri: callback }, conf);
}

function refresh(tokens: IssuedTokens, changes: Record<string, string> = {}, authorization = conf) {
  return harness.token(
    { grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '', ...changes },
    authorization,
  );
}

function claimsOf(idToken: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(idToken?.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

describe('a refresh token', () => {
  it('is rotated, and buys an access token of the same grant', async () => {
    const second = await refresh(first);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(second.scopes).toEqual(first.scopes);
    expect((await harness.introspect(second.accessToken)).introspection).toMatchObject({
      active: true,
      subject: 'alice',
      extra: { team: 'blue' },
    });
    expect(await harness.isActive(first.accessToken)).toBe(true);
    expect(await refresh(second)).toHaveProperty('accessToken');
  });

  it('brings an ID token with the same issuer, subject, audience and auth_time, a new iat and no nonce', async () => {
    harness.advance(day);
    const [before, after] = [claimsOf(first.idToken), claimsOf((await refresh(first)).idToken)];
    for (const name of ['iss', 'sub', 'aud', 'auth_time']) expect(after[name]).toEqual(before[name]);
    expect(after['iat']).toBe(Math.floor(harness.now() / 1000));
    expect(after).not.toHaveProperty('nonce');
  });

  it('used twice ends the family: successor and every access token', async () => {
    const second = await refresh(first);
    expect(await refusalOf(refresh(first))).toEqual(invalidGrant);
    for (const { accessToken } of [first, second]) expect(await harness.isActive(accessToken)).toBe(false);
    expect(await refusalOf(refresh(second))).toEqual(invalidGrant);
  });

  it('used many times at once leaves no live branch', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 16 }, () => refresh(first)));
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(won).toHaveLength(1);
    for (const tokens of [first, ...won]) {
      expect(await harness.isActive(tokens.accessToken)).toBe(false);
      expect(await refusalOf(refresh(tokens))).toEqual(invalidGrant);
    }
  });

  it('of another family is not touched by reuse', async () => {
    const other = await redeem();
    await refresh(first);
    await refusalOf(refresh(first));
    expect(await harness.isActive(other.accessToken)).toBe(true);
    expect(await refresh(other)).toHaveProperty('accessToken');
  });

  it.each([
    ['cut', (text: string) => text.slice(0, -1)],
    ['with a changed character', (text: string) => text.slice(0, 20) + (text[20] === 'A' ? 'B' : 'A') + text.slice(21)],
    ['with its random part alone', (text: string) => text.split('.')[0] ?? ''],
    ['with spaces around', (text: string) => ` ${text} `],
  ])('%s is refused, and its family goes on', async (_, change) => {
    const forged = change(first.refreshToken ?? '');
    expect(await refusalOf(refresh(first, { refresh_token: forged }))).toEqual(invalidGrant);
    expect(await refresh(first)).toHaveProperty('accessToken');
  });

  it('of another client is refused, and its family goes on', async () => {
    await harness.register({ id: 'evil' });
    expect(await refusalOf(refresh(first, {}, basic('evil', 'conf-secret')))).toEqual(invalidGrant);
    const second = await refresh(first);
    expect(await refusalOf(refresh(first, {}, basic('evil', 'conf-secret')))).toEqual(invalidGrant);
    expect(await refresh(second)).toHaveProperty('accessToken');
  });

  it('is never an access token, nor the reverse', async () => {
    expect(await refusalOf(refresh(first, { refresh_token: first.accessToken }))).toEqual(invalidGrant);
    expect(await harness.isActive(first.refreshToken ?? '')).toBe(false);
  });

  it('that is missing is invalid_request', async () => {
    expect(await refusalOf(refresh(first, { refresh_token: '' }))).toMatchObject({ error: 'invalid_request' });
  });

  it('unused for fourteen days is over', async () => {
    harness.advance(14 * day);
    expect(await refusalOf(refresh(first))).toEqual(invalidGrant);
  });

  it('is over ninety days after the grant, however often it was used; no access token outlives that', async () => {
    let tokens = first;
    for (let days = 0; days < 80; days += 10) {
      harness.advance(10 * day);
      tokens = await refresh(tokens);
    }
    harness.advance(10 * day - 1_000 * 1_800);
    tokens = await refresh(tokens);
    expect(tokens.expiresIn).toBe(1_800);
    harness.advance(1_800_000);
    expect(await harness.isActive(tokens.accessToken)).toBe(false);
    expect(await refusalOf(refresh(tokens))).toEqual(invalidGrant);
  });

  it('is still good when the ID token could not be signed', async () => {
    harness.signer.broken = true;
    await expect(refresh(first)).rejects.toThrow('the key manager is away');
    harness.signer.broken = false;
    expect(await refresh(first)).toHaveProperty('idToken');
  });

  it('ends with its client', async () => {
    await harness.clients.remove('conf');
    await harness.register();
    expect(await refusalOf(refresh(first))).toEqual(invalidGrant);
    expect(await harness.isActive(first.accessToken)).toBe(false);
  });
});

describe('the scope of a refresh request', () => {
  it('may be narrowed, and asked for in full again later', async () => {
    const narrow = await refresh(first, { scope: 'photos.albums' });
    expect(narrow.scopes).toEqual(['photos.albums']);
    expect(narrow).not.toHaveProperty('idToken');
    const full = await refresh(narrow, { scope: 'openid offline photos' });
    expect(full.scopes).toEqual(['openid', 'offline', 'photos']);
  });

  it.each(['openid hydra', 'photo', 'ph*', 'offline.x photosx'])(
    'is not widened to %j, and the token is not spent',
    async (scope) => {
      expect(await refusalOf(refresh(first, { scope }))).toEqual({ error: 'invalid_scope', status: 400 });
      expect(await refresh(first)).toHaveProperty('accessToken');
    },
  );

  it('holds no scope that the client has lost', async () => {
    await harness.clients.update(sampleClient({ scopes: ['openid', 'offline'] }), 'keep');
    expect((await refresh(first)).scopes).toEqual(['openid', 'offline']);
  });

  it('does not reach another resource', async () => {
    const refused = await refusalOf(refresh(first, { resource: 'https://api.example' }));
    expect(refused).toEqual({ error: 'invalid_target', status: 400 });
    expect(await refresh(first)).toHaveProperty('accessToken');
  });
});
