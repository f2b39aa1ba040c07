import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredClient } from '../../client-store.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from '../token-harness.js';

const conf = basic('conf', 'conf-secret');
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const codeChallenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const invalidGrant = { error: 'invalid_grant', status: 400 };

let harness: TokenHarness;
let owner: StoredClient;
beforeEach(async () => {
  harness = await createTokenHarness();
  owner = await harness.register();
});

function redeem(code: string, changes: Record<string, string> = {}, authorization = conf) {
  return harness.token({ grant_type: 'authorization_code', code, redirect_uri: callback, ...changes }, authorization);
}

function claimsOf(idToken: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(idToken?.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

describe('an authorization code', () => {
  it('buys access token, refresh token and ID token of the grant', async () => {
    const tokens = await redeem(harness.makeCode(owner));
    expect(tokens).toEqual({
      accessToken: expect.stringMatching(/^ct_at_/),
      expiresIn: 3600,
      scopes: ['openid', 'offline', 'photos'],
      refreshToken: expect.stringMatching(/^ct_rt_/),
      idToken: expect.any(String),
    });
    const { introspection } = await harness.introspect(tokens.accessToken);
    expect(introspection).toMatchObject({ active: true, subject: 'alice', clientId: 'conf', extra: { team: 'blue' } });
    const hash = createHash('sha256').update(tokens.accessToken).digest().subarray(0, 16).toString('base64url');
    const issuedAt = Math.floor(harness.now() / 1000);
    expect(claimsOf(tokens.idToken)).toEqual({
      iss: 'https://as.example',
      sub: 'alice',
      aud: 'conf',
      iat: issuedAt,
      exp: issuedAt + 3600,
      auth_time: 1_760_000_000,
      nonce: 'n-0S6_WzA2Mj',
      at_hash: hash,
      email: 'alice@example.org',
    });
  });

  it('buys no refresh token without offline access, nor for a client that could not use it, and no ID token without openid', async () => {
    const plain = await redeem(harness.makeCode(owner, { grant: { scopes: ['photos'] } }));
    expect(plain).not.toHaveProperty('refreshToken');
    expect(plain).not.toHaveProperty('idToken');
    const other = await harness.register({ id: 'codes-only', grantTypes: ['authorization_code'] });
    const tokens = await redeem(harness.makeCode(other), {}, basic('codes-only', 'conf-secret'));
    expect(tokens).not.toHaveProperty('refreshToken');
  });

  it('buys a refresh token with offline_access too', async () => {
    const code = harness.makeCode(owner, { grant: { scopes: ['offline_access'] } });
    expect(await redeem(code)).toHaveProperty('refreshToken');
  });

  it('may name a granted resource, no other', async () => {
    const grant = { audience: await harness.makeResources(owner, 'https://a.example', 'https://b.example') };
    const tokens = await redeem(harness.makeCode(owner, { grant }), { resource: 'https://b.example' });
    expect((await harness.introspect(tokens.accessToken)).introspection).toMatchObject({
      audience: ['https://b.example'],
    });
    expect(await refusalOf(redeem(harness.makeCode(owner, { grant }), { resource: 'https://c.example' }))).toEqual({
      error: 'invalid_target',
      status: 400,
    });
  });

  it('redeemed again at once is refused; the tokens of the first redemption go on', async () => {
    const code = harness.makeCode(owner);
    const tokens = await redeem(code);
    harness.advance(2_000);
    expect(await refusalOf(redeem(code))).toEqual(invalidGrant);
    expect(await harness.isActive(tokens.accessToken)).toBe(true);
  });

  it('redeemed again later revokes all tokens of the first redemption', async () => {
    const code = harness.makeCode(owner);
    const tokens = await redeem(code);
    const refreshed = await harness.token(
      { grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '' },
      conf,
    );
    harness.advance(2_001);
    expect(await refusalOf(redeem(code))).toEqual(invalidGrant);
    expect(await harness.isActive(tokens.accessToken)).toBe(false);
    expect(await harness.isActive(refreshed.accessToken)).toBe(false);
    const again = { grant_type: 'refresh_token', refresh_token: refreshed.refreshToken ?? '' };
    expect(await refusalOf(harness.token(again, conf))).toEqual(invalidGrant);
  });

  it('redeemed 64 times at once buys one set of tokens', async () => {
    const code = harness.makeCode(owner);
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, () => redeem(code)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it.each([
    ['expired', (code: string) => (harness.advance(60_000), code)],
    ['unknown', () => harness.tokenText.mint('authorization_code', 1).text],
    ['an access token', () => harness.tokenText.mint('access_token', 1).text],
    ['cut', (code: string) => code.slice(0, -1)],
    ['garbage', () => 'x'],
  ])('that is %s is refused', async (_, change) => {
    expect(await refusalOf(redeem(change(harness.makeCode(owner))))).toEqual(invalidGrant);
  });

  it('that is missing is invalid_request', async () => {
    expect(await refusalOf(redeem(''))).toMatchObject({ error: 'invalid_request' });
  });

  it('of another client is refused, and burnt', async () => {
    await harness.register({ id: 'evil' });
    const code = harness.makeCode(owner);
    expect(await refusalOf(redeem(code, {}, basic('evil', 'conf-secret')))).toEqual(invalidGrant);
    expect(await refusalOf(redeem(code))).toEqual(invalidGrant);
  });

  it('of a client that was deleted and made again is refused', async () => {
    const code = harness.makeCode(owner);
    await harness.clients.remove('conf');
    await harness.register();
    expect(await refusalOf(redeem(code))).toEqual(invalidGrant);
  });

  it('whose client got another secret in the meantime is redeemed with that one only', async () => {
    const code = harness.makeCode(owner);
    await harness.token({ grant_type: 'client_credentials' }, conf);
    await harness.clients.update(owner.client, (await harness.secrets.hash('next-secret')).hash);
    expect(await refusalOf(redeem(code))).toMatchObject({ error: 'invalid_client' });
    expect(await redeem(code, {}, basic('conf', 'next-secret'))).toHaveProperty('accessToken');
  });

  it('is still good when the ID token could not be signed', async () => {
    const code = harness.makeCode(owner);
    harness.signer.broken = true;
    await expect(redeem(code)).rejects.toThrow('the key manager is away');
    harness.signer.broken = false;
    expect(await redeem(code)).toHaveProperty('idToken');
  });
});

describe('the redirect_uri of a token request', () => {
  it.each([`${callback}?x=1`, `${callback}/`, 'HTTPS://rp.example/cb', 'https://evil.example/cb', ''])(
    '%j instead of the requested one is refused, and the code is spent',
    async (uri) => {
      const code = harness.makeCode(owner);
      expect(await refusalOf(redeem(code, { redirect_uri: uri }))).toEqual(invalidGrant);
      expect(await refusalOf(redeem(code))).toEqual(invalidGrant);
    },
  );

  it('may be left out when the authorization request named none', async () => {
    expect(await redeem(harness.makeCode(owner, { redirectUriGiven: false }), { redirect_uri: '' })).toHaveProperty(
      'accessToken',
    );
    expect(await redeem(harness.makeCode(owner, { redirectUriGiven: false }))).toHaveProperty('accessToken');
    const code = harness.makeCode(owner, { redirectUriGiven: false });
    expect(await refusalOf(redeem(code, { redirect_uri: 'https://evil.example/' }))).toEqual(invalidGrant);
  });
});

describe('PKCE at the token endpoint', () => {
  it('accepts the verifier of the challenge', async () => {
    expect(await redeem(harness.makeCode(owner, { codeChallenge }), { code_verifier: verifier })).toHaveProperty(
      'accessToken',
    );
  });

  it.each([
    ['no verifier', { codeChallenge }, ''],
    ['a wrong verifier', { codeChallenge }, verifier.replace('d', 'e')],
    ['another case of the verifier', { codeChallenge }, verifier.toLowerCase()],
    ['the challenge as verifier', { codeChallenge }, codeChallenge],
    ['a verifier without challenge', {}, verifier],
  ])('refuses %s and burns the code', async (_, made, presented) => {
    const code = harness.makeCode(owner, made);
    expect(await refusalOf(redeem(code, { code_verifier: presented }))).toEqual(invalidGrant);
    expect(await refusalOf(redeem(code, { code_verifier: verifier }))).toEqual(invalidGrant);
    expect(await refusalOf(redeem(code))).toEqual(invalidGrant);
  });

  it('is demanded of a public client', async () => {
    const pub = await harness.register({ id: 'pub', public: true });
    const form = { client_id: 'pub', code_verifier: verifier };
    expect(await redeem(harness.makeCode(pub, { codeChallenge }), form, '')).toHaveProperty('accessToken');
    expect(await refusalOf(redeem(harness.makeCode(pub), { client_id: 'pub' }, ''))).toEqual(invalidGrant);
  });
});
