import { verifyJwt } from '@castellan/jwk';
import { beforeEach, describe, expect, it } from 'vitest';
import { reservedAccessTokenClaims } from './access-token-jwt.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';

const authorization = basic('conf', 'conf-secret');
const tokens = { accessTokenFormat: 'stateless-jwt' } as const;
let harness: TokenHarness;

beforeEach(async () => {
  harness = await createTokenHarness();
});

const own = async (form: Record<string, string> = {}) =>
  (await harness.token({ grant_type: 'client_credentials', ...form }, authorization)).accessToken;
const claimsOf = (token: string) =>
  verifyJwt(token, harness.accessTokenSigner.jwks, { algorithms: ['ES256'], typ: 'at+jwt' }).claims;

describe('a JWT access token without a row', () => {
  it('is issued without a write, and introspected like any other', async () => {
    await harness.register({ tokens });
    const before = harness.store.dump();
    const token = await own({ scope: 'photos' });
    expect(harness.store.dump()).toBe(before);
    expect(claimsOf(token)['grant']).toEqual({ client: expect.any(String), revision: 1 });
    expect((await harness.introspect(token)).introspection).toMatchObject({
      ...{ active: true, clientId: 'conf', subject: 'conf', scopes: ['photos'], audience: ['conf'] },
    });
    const asker = `Bearer ${await own()}`;
    expect(await harness.introspectForCaller({ token }, asker)).toMatchObject({ active: true });
    expect(await refusalOf(harness.introspectForCaller({ token }, `Bearer ${token}`))).toMatchObject({ status: 401 });
  });

  it('tells its resource owner and the extra data of the grant, though neither stands in the open', async () => {
    const client = await harness.register({ tokens, openid: { subjectType: 'pairwise' } });
    const code = harness.makeCode(client);
    const bought = await harness.token(
      { grant_type: 'authorization_code', code, redirect_uri: callback },
      authorization,
    );
    expect(claimsOf(bought.accessToken)['sub']).not.toBe('alice');
    const { introspection } = await harness.introspect(bought.accessToken);
    expect(introspection).toMatchObject({ active: true, subject: 'alice', extra: { team: 'blue' } });
    expect(bought.refreshToken).toMatch(/^ct_rt_/);
  });

  it('is over once it is revoked, alone or with its grant', async () => {
    const client = await harness.register({ tokens });
    const [one, two] = [await own(), await own()];
    await harness.revoke({ token: one }, authorization);
    expect([await harness.isActive(one), await harness.isActive(two)]).toEqual([false, true]);
    const code = harness.makeCode(client);
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
    const bought = await harness.token(form, authorization);
    const refresh = { grant_type: 'refresh_token', refresh_token: bought.refreshToken ?? '' };
    const next = await harness.token(refresh, authorization);
    await harness.revoke({ token: next.accessToken }, authorization);
    expect([await harness.isActive(bought.accessToken), await harness.isActive(next.accessToken)]).toEqual([
      false,
      false,
    ]);
    expect(
      await refusalOf(harness.token({ ...refresh, refresh_token: next.refreshToken ?? '' }, authorization)),
    ).toEqual({
      error: 'invalid_grant',
      status: 400,
    });
  });

  it('is over when its code is presented again (CD-01) or its refresh token reused (RT-01)', async () => {
    const client = await harness.register({ tokens });
    const form = { grant_type: 'authorization_code', code: harness.makeCode(client), redirect_uri: callback };
    const { accessToken } = await harness.token(form, authorization);
    harness.advance(3_000);
    await refusalOf(harness.token(form, authorization));
    expect(await harness.isActive(accessToken)).toBe(false);
    const other = { ...form, code: harness.makeCode(client) };
    const bought = await harness.token(other, authorization);
    const refresh = { grant_type: 'refresh_token', refresh_token: bought.refreshToken ?? '' };
    const next = await harness.token(refresh, authorization);
    await refusalOf(harness.token(refresh, authorization));
    expect(await harness.isActive(next.accessToken)).toBe(false);
  });

  it('is over with a revocation of its client, and with the client', async () => {
    await harness.register({ tokens });
    const token = await own();
    await harness.store.revokeGrants({ clientId: 'conf' });
    expect(await harness.isActive(token)).toBe(false);
    const later = await own();
    expect(await harness.isActive(later)).toBe(true);
    await harness.clients.remove('conf');
    expect(await harness.isActive(later)).toBe(false);
  });

  it('ends with its lifetime', async () => {
    await harness.register({ tokens });
    const token = await own();
    harness.advance(3_600_001);
    expect(await harness.isActive(token)).toBe(false);
  });

  it('is never issued for a row of the client that is outdated', async () => {
    const { client } = await harness.register({ tokens, scopes: ['photos'] });
    await own({ scope: 'photos' });
    await harness.clients.update({ ...client, scopes: ['other'] }, 'keep');
    expect(await refusalOf(own({ scope: 'photos' }))).toMatchObject({ error: 'invalid_scope' });
  });

  it('is revoked by its own client only', async () => {
    await harness.register({ tokens });
    await harness.register({ id: 'evil' }, 'evil-secret');
    const token = await own();
    expect(await refusalOf(harness.revoke({ token }, basic('evil', 'evil-secret')))).toMatchObject({
      error: 'unauthorized_client',
    });
    expect(await harness.isActive(token)).toBe(true);
  });

  it.each([
    ['no uid', { revision: 1 }],
    ['a revision that is no number', { client: '00000000-0000-4000-8000-000000000000', revision: '9' }],
    ['a family that is no name', { client: '00000000-0000-4000-8000-000000000000', revision: 9, family: '1.x' }],
    ['a list', []],
    ['an infinite revision', { client: '00000000-0000-4000-8000-000000000000', revision: 1e308 }],
  ])('is not taken with a grant claim of %s, even when it is signed', async (_, grant) => {
    await harness.register({ tokens });
    const token = await harness.accessTokenSigner.sign({ ...claimsOf(await own()), grant });
    expect(await harness.isActive(token)).toBe(false);
  });

  it('cannot be made out of one with a row by what the consent app sends', () => {
    expect(reservedAccessTokenClaims.has('grant')).toBe(true);
  });
});
