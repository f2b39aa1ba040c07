import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredClient } from '../client-store.js';
import { basic, callback, createTokenHarness, issuer, refusalOf, type TokenHarness } from './token-harness.js';

const conf = basic('conf', 'conf-secret');
const unauthorized = { error: 'request_unauthorized', status: 401 };
const inactive = { active: false };
let harness: TokenHarness;
let owner: StoredClient;
beforeEach(async () => {
  harness = await createTokenHarness();
  owner = await harness.register();
});

async function clientToken(scope = 'photos'): Promise<string> {
  return (await harness.token({ grant_type: 'client_credentials', scope }, conf)).accessToken;
}

describe('introspection', () => {
  it('says what an active token is', async () => {
    const token = await clientToken();
    expect(await harness.introspectForCaller({ token }, conf)).toMatchObject({
      active: true,
      scopes: ['photos'],
      clientId: 'conf',
      subject: 'conf',
      audience: ['conf'],
      issuer: 'https://as.example',
    });
  });

  it('shows several resources as the audience', async () => {
    const audience = await harness.makeResources(owner, 'https://a.example', 'https://b.example');
    const code = harness.makeCode(owner, { grant: { audience } });
    const { accessToken } = await harness.token(
      { grant_type: 'authorization_code', code, redirect_uri: callback },
      conf,
    );
    expect((await harness.introspect(accessToken)).introspection).toMatchObject({
      audience: ['https://a.example', 'https://b.example'],
    });
  });

  it('says nothing but inactive of anything else', async () => {
    const code = harness.makeCode(owner);
    const tokens = await harness.token(
      { grant_type: 'authorization_code', code: harness.makeCode(owner), redirect_uri: callback },
      conf,
    );
    const valid = await clientToken();
    const others = [
      '',
      'x',
      code,
      tokens.refreshToken ?? '',
      tokens.idToken ?? '',
      ` ${valid}`,
      `${valid}=`,
      valid.replace('.', '%2E'),
      harness.tokenText.mint('access_token', 999_999).text,
    ];
    for (const token of others) expect(await harness.introspectForCaller({ token }, conf)).toEqual(inactive);
  });

  it('says inactive of what expired, was revoked, or lost its client', async () => {
    const revoked = await clientToken();
    await harness.revoke({ token: revoked }, conf);
    expect(await harness.introspect(revoked)).toEqual({ introspection: inactive, scopeMissing: false });
    const expired = await clientToken();
    harness.advance(3_600_000);
    expect(await harness.isActive(expired)).toBe(false);
    harness.advance(7_200_000);
    expect(await harness.isActive(expired)).toBe(false);
    const orphan = await clientToken();
    await harness.clients.remove('conf');
    expect(await harness.isActive(orphan)).toBe(false);
  });

  it.each([
    ['photos', true],
    ['photos.albums', true],
    ['photo', false],
    ['photosx', false],
    ['photos openid', false],
    ['photos.', false],
    ['pho"tos', false],
  ])('with the needed scope %j is active: %j', async (scope, active) => {
    const token = await clientToken();
    const answer = await harness.introspectForCaller({ token, scope }, conf);
    if (active) expect(answer).toMatchObject({ active: true });
    else expect(answer).toEqual(inactive);
  });

  it('tells the Warden when only a scope is missing', async () => {
    const token = await clientToken();
    expect(await harness.introspect(token, ['hydra'])).toEqual({ introspection: inactive, scopeMissing: true });
    expect(await harness.introspect('x', ['hydra'])).toEqual({ introspection: inactive, scopeMissing: false });
  });
});

describe('the caller of introspection', () => {
  it('may be a confidential client or the bearer of another active token', async () => {
    const [token, other] = [await clientToken(), await clientToken()];
    expect(await harness.introspectForCaller({ token }, conf)).toMatchObject({ active: true });
    expect(await harness.introspectForCaller({ token, client_id: 'conf', client_secret: 'conf-secret' })).toMatchObject(
      {
        active: true,
      },
    );
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect(await harness.introspectForCaller({ token }, `${scheme} ${other}`)).toMatchObject({ active: true });
    }
  });

  it('is refused with a token for another resource, which holds it, too', async () => {
    const api = 'https://api.example';
    await harness.resourceServers.put({ id: 'api', uri: api, name: '', scopes: [] });
    await harness.resourceServers.put({ id: 'own', uri: issuer, name: '', scopes: [] });
    const grantTypes = ['client_credentials'];
    await harness.register({ id: 'rs', grantTypes, tokens: { audience: [api, issuer] } });
    const tokenFor = async (resource: string) =>
      (await harness.token({ grant_type: 'client_credentials', resource }, basic('rs', 'conf-secret'))).accessToken;
    const token = await clientToken();
    const refused = harness.introspectForCaller({ token }, `Bearer ${await tokenFor(api)}`);
    await expect(refused).rejects.toMatchObject({ code: 'request_unauthorized' });
    expect(await harness.introspectForCaller({ token }, `Bearer ${await tokenFor(issuer)}`)).toMatchObject({
      active: true,
    });
  });

  it('is refused when unknown, public, unauthenticated, or without an active token', async () => {
    const token = await clientToken();
    const revoked = await clientToken();
    await harness.revoke({ token: revoked }, conf);
    await harness.register({ id: 'pub', public: true });
    const refused = [
      harness.introspectForCaller({ token }),
      harness.introspectForCaller({ token }, basic('conf', 'wrong-secret')),
      harness.introspectForCaller({ token }, basic('unknown', 'wrong-secret')),
      harness.introspectForCaller({ token, client_id: 'conf' }),
      harness.introspectForCaller({ token, client_id: 'pub' }),
      harness.introspectForCaller({ token }, basic('pub', '')),
      harness.introspectForCaller({ token }, 'Bearer'),
      harness.introspectForCaller({ token }, 'Bearer x'),
      harness.introspectForCaller({ token }, `Bearer\t${token}`),
      harness.introspectForCaller({ token }, `Bearer ${revoked}`),
      harness.introspectForCaller({ token }, `Bearer ${revoked},${token}`),
    ];
    for (const answer of refused) expect(await refusalOf(answer)).toEqual(unauthorized);
  });

  it('cannot ask about the token it asks with', async () => {
    const token = await clientToken();
    expect(await refusalOf(harness.introspectForCaller({ token }, `Bearer ${token}`))).toEqual(unauthorized);
  });

  it('may not authenticate in two ways', async () => {
    const [token, other] = [await clientToken(), await clientToken()];
    const refused = await refusalOf(harness.introspectForCaller({ token, access_token: other }, `Bearer ${other}`));
    expect(refused).toEqual({ error: 'invalid_request', status: 400 });
  });

  it('is judged by the policy where there is one', async () => {
    const [token, other] = [await clientToken(), await clientToken('openid')];
    const asked: unknown[] = [];
    const deny = async (caller: unknown) => (asked.push(caller), false);
    const forbidden = { error: 'request_forbidden', status: 403 };
    expect(await refusalOf(harness.introspectForCaller({ token }, conf, deny))).toEqual(forbidden);
    expect(await refusalOf(harness.introspectForCaller({ token }, `Bearer ${other}`, deny))).toEqual(forbidden);
    expect(asked).toEqual([
      { kind: 'client', clientId: 'conf' },
      { kind: 'token', clientId: 'conf', subject: 'conf', scopes: ['openid'] },
    ]);
    expect(await harness.introspectForCaller({ token }, conf, async () => true)).toMatchObject({ active: true });
  });
});

describe('inspection for an administrator', () => {
  async function tokens() {
    return harness.token(
      { grant_type: 'authorization_code', code: harness.makeCode(owner), redirect_uri: callback },
      conf,
    );
  }

  it('says what access and refresh tokens are, and which of both', async () => {
    const { accessToken, refreshToken = '' } = await tokens();
    const access = await harness.inspect(accessToken);
    const refresh = await harness.inspect(refreshToken);
    expect(access).toMatchObject({ use: 'access_token', introspection: { active: true, clientId: 'conf' } });
    expect(refresh).toMatchObject({ use: 'refresh_token', introspection: { active: true, clientId: 'conf' } });
    const { introspection } = refresh;
    if (!introspection.active) throw new Error('inactive');
    expect(introspection.expiresAt).toBeGreaterThan(introspection.issuedAt);
  });

  it('says nothing but inactive of a used, revoked or unknown one, and of a scope that was not granted', async () => {
    const { refreshToken = '' } = await tokens();
    expect((await harness.inspect(refreshToken, ['unknown'])).introspection).toEqual(inactive);
    const next = await harness.token({ grant_type: 'refresh_token', refresh_token: refreshToken }, conf);
    expect((await harness.inspect(refreshToken)).introspection).toEqual(inactive);
    expect((await harness.inspect(next.refreshToken ?? '')).introspection.active).toBe(true);
    await harness.revoke({ token: next.refreshToken ?? '' }, conf);
    for (const text of [next.refreshToken ?? '', next.accessToken, 'x', harness.makeCode(owner)]) {
      expect(await harness.inspect(text)).toEqual({ introspection: inactive });
    }
  });
});
