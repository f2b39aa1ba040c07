import { generateKeyPairSync, sign } from 'node:crypto';
import { verifyJwt } from '@castellan/jwk';
import { beforeEach, describe, expect, it } from 'vitest';
import { readLifespans } from '../lifespans.js';
import { createLocalAccessTokenSigner } from '../testing/local-access-token-signer.js';
import { basic, callback, createTokenHarness, issuer, refusalOf, type TokenHarness } from './token-harness.js';

const authorization = basic('conf', 'conf-secret');
let harness: TokenHarness;

beforeEach(async () => {
  harness = await createTokenHarness();
});

function read(token: string) {
  return verifyJwt(token, harness.accessTokenSigner.jwks, { algorithms: ['ES256'], typ: 'at+jwt' });
}

const clientToken = async (form: Record<string, string> = {}) =>
  (await harness.token({ grant_type: 'client_credentials', ...form }, authorization)).accessToken;

describe('a JWT access token (RFC 9068)', () => {
  it('holds the claims of its grant and nothing that the consent app could forge', async () => {
    const client = await harness.register({ tokens: { accessTokenFormat: 'jwt' } });
    const code = harness.makeCode(client, { grant: { accessTokenExtra: { team: 'blue', sub: 'mallory' } } });
    const tokens = await harness.token(
      { grant_type: 'authorization_code', code, redirect_uri: callback },
      authorization,
    );
    const { header, claims } = read(tokens.accessToken);
    expect(header).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    const now = Math.floor(harness.now() / 1000);
    expect(claims).toEqual({
      iss: issuer,
      sub: 'alice',
      aud: 'conf',
      exp: now + 3_600,
      iat: now,
      jti: expect.stringMatching(/^[0-9]+\.[A-Za-z0-9_-]{43}$/),
      client_id: 'conf',
      scope: 'openid offline photos',
      auth_time: 1_760_000_000,
      ext: { team: 'blue', sub: 'mallory' },
    });
    expect(tokens.refreshToken).toMatch(/^ct_rt_/);
  });

  it('is introspected and revoked like an opaque one, and authorizes introspection', async () => {
    await harness.register({ tokens: { accessTokenFormat: 'jwt' } });
    const token = await clientToken({ scope: 'photos' });
    expect((await harness.introspect(token)).introspection).toMatchObject({ active: true, scopes: ['photos'] });
    const asker = `Bearer ${await clientToken()}`;
    expect(await harness.introspectForCaller({ token }, asker)).toMatchObject({ active: true });
    expect(await refusalOf(harness.introspectForCaller({ token }, `Bearer ${token}`))).toMatchObject({ status: 401 });
    await harness.revoke({ token }, authorization);
    expect(await harness.isActive(token)).toBe(false);
  });

  it('ends with its lifetime and with its family', async () => {
    const client = await harness.register({ tokens: { accessTokenFormat: 'jwt' } });
    const token = await clientToken();
    harness.advance(3_600_001);
    expect(await harness.isActive(token)).toBe(false);
    const code = harness.makeCode(client);
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
    const tokens = await harness.token(form, authorization);
    await harness.revoke({ token: tokens.refreshToken ?? '' }, authorization);
    expect(await harness.isActive(tokens.accessToken)).toBe(false);
  });

  it('knows a pairwise client only by the pairwise subject', async () => {
    const openid = { subjectType: 'pairwise' } as const;
    const client = await harness.register({ openid, tokens: { accessTokenFormat: 'jwt' } });
    const form = { grant_type: 'authorization_code', code: harness.makeCode(client), redirect_uri: callback };
    const { claims } = read((await harness.token(form, authorization)).accessToken);
    expect(claims['sub']).toBe(harness.subjectIdentifier(client.client, 'alice'));
    expect(claims['sub']).not.toBe('alice');
  });

  it('passes for nothing else, and nothing else for it (TS-02, TS-03, TS-06)', async () => {
    await harness.register({ tokens: { accessTokenFormat: 'jwt' } });
    const token = await clientToken();
    const other = await clientToken();
    const [head, body, signature] = token.split('.');
    const stranger = createLocalAccessTokenSigner();
    const { claims } = read(token);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const plain = [{ alg: 'ES256', typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const forged = sign('sha256', Buffer.from(plain), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    for (const text of [
      `${head}.${other.split('.')[1]}.${signature}`,
      `${token}=`,
      ` ${token}`,
      `${head}.${body}.`,
      await stranger.sign(claims),
      `${plain}.${forged.toString('base64url')}`,
      await harness.accessTokenSigner.sign({ ...claims, jti: 'x' }),
    ]) {
      expect(await harness.isActive(text)).toBe(false);
    }
    const refresh = { grant_type: 'refresh_token', refresh_token: token };
    expect(await refusalOf(harness.token(refresh, authorization))).toMatchObject({ error: 'invalid_grant' });
  });

  it('buys nothing when it cannot be signed: the code is still good', async () => {
    const client = await harness.register({ tokens: { accessTokenFormat: 'jwt' } });
    const form = { grant_type: 'authorization_code', code: harness.makeCode(client), redirect_uri: callback };
    harness.signer.broken = true;
    await expect(harness.token(form, authorization)).rejects.toThrow('away');
    harness.signer.broken = false;
    expect(await harness.token(form, authorization)).toBeDefined();
  });
});

describe('lifetimes of a client by grant', () => {
  const lifespans = readLifespans({
    client_credentials_grant_access_token_lifespan: 60_000,
    authorization_code_grant_access_token_lifespan: 120_000,
    authorization_code_grant_refresh_token_lifespan: 180_000,
    refresh_token_grant_access_token_lifespan: 240_000,
    refresh_token_grant_refresh_token_lifespan: 300_000,
  });

  it('precede the general ones', async () => {
    const client = await harness.register({ tokens: { lifespans } });
    expect((await harness.token({ grant_type: 'client_credentials' }, authorization)).expiresIn).toBe(60);
    const form = { grant_type: 'authorization_code', code: harness.makeCode(client), redirect_uri: callback };
    const first = await harness.token(form, authorization);
    expect(first.expiresIn).toBe(120);
    harness.advance(179_000);
    const refresh = (token = '') => harness.token({ grant_type: 'refresh_token', refresh_token: token }, authorization);
    const second = await refresh(first.refreshToken);
    expect(second.expiresIn).toBe(240);
    harness.advance(300_001);
    expect(await refusalOf(refresh(second.refreshToken))).toMatchObject({ error: 'invalid_grant' });
  });

  it.each([
    ['an unknown name', { password_grant_access_token_lifespan: 60_000 }],
    ['what the grant never issues', { client_credentials_grant_refresh_token_lifespan: 60_000 }],
    ['no time at all', { client_credentials_grant_access_token_lifespan: 0 }],
    ['more than ten years', { client_credentials_grant_access_token_lifespan: 4e11 }],
    ['`__proto__`', JSON.parse('{"__proto__":60000}') as Record<string, number>],
  ])('are refused with %s', (_, given) => {
    expect(() => readLifespans(given)).toThrow('lifespans');
  });
});
