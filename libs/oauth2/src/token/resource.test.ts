import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredClient } from '../client-store.js';
import { validateResourceServer } from '../resource-server.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';

const authorization = basic('conf', 'conf-secret');
const invalidTarget = { error: 'invalid_target', status: 400 };
const photos = 'https://photos.example/api';
const videos = 'https://videos.example/api';

let harness: TokenHarness;
let owner: StoredClient;
beforeEach(async () => {
  harness = await createTokenHarness();
  owner = await harness.register({ tokens: { audience: [photos, videos, 'urn:gone'] } });
  await harness.resourceServers.put({
    id: 'photos',
    uri: photos,
    name: '',
    scopes: ['photos'],
    accessTokenLifetimeMs: 60_000,
  });
  await harness.resourceServers.put({ id: 'videos', uri: videos, name: '', scopes: [], accessTokenFormat: 'jwt' });
});

async function ask(...resources: string[]) {
  const form = { grant_type: 'client_credentials', ...(resources.length > 0 ? { resource: resources.join(' ') } : {}) };
  const tokens = await harness.token(form, authorization);
  const { introspection } = await harness.introspect(tokens.accessToken);
  return { ...tokens, audience: introspection.active ? introspection.audience : [] };
}

describe('a resource indicator (RFC 8707)', () => {
  it('decides the audience, the lifetime and the format of a token', async () => {
    expect(await ask(photos)).toMatchObject({ audience: [photos], expiresIn: 60 });
    expect((await ask(videos)).accessToken).toMatch(/^eyJ/);
    expect(await ask()).toMatchObject({ audience: ['conf'], expiresIn: 3_600 });
  });

  it('may come several times: the shortest lifetime holds, and opaque where formats differ', async () => {
    const both = await ask(photos, videos, photos);
    expect(both).toMatchObject({ audience: [photos, videos], expiresIn: 60 });
    expect(both.accessToken).toMatch(/^ct_at_/);
  });

  it.each([
    ['one that the client is not registered for', 'https://other.example/'],
    ['one that is not registered', 'urn:gone'],
    ['a relative one', '/api'],
    ['one with a fragment', `${photos}#x`],
    ['one beside a good one', `${photos} https://other.example/`],
    ['a prefix of one', 'https://photos.example/'],
  ])('is refused: %s', async (_, resource) => {
    expect(await refusalOf(ask(resource))).toEqual(invalidTarget);
  });

  it('refuses a scope that the resource does not know', async () => {
    const form = { grant_type: 'client_credentials', resource: photos };
    expect((await harness.token({ ...form, scope: 'photos openid' }, authorization)).scopes).toEqual([
      'photos',
      'openid',
    ]);
    await harness.resourceServers.put({ id: 'photos', uri: photos, name: '', scopes: ['albums'] });
    expect(await refusalOf(harness.token({ ...form, scope: 'photos' }, authorization))).toMatchObject({
      error: 'invalid_scope',
    });
  });

  it('narrows what was granted, at the code and at each refresh, and never widens it (RT-11)', async () => {
    const redeem = async (form: Record<string, string>, audience = [photos, videos]) => {
      const code = harness.makeCode(owner, { grant: { audience } });
      return harness.token({ grant_type: 'authorization_code', code, redirect_uri: callback, ...form }, authorization);
    };
    const audienceOf = async (token: string) => {
      const { introspection } = await harness.introspect(token);
      return introspection.active ? introspection.audience : [];
    };
    const first = await redeem({ resource: photos });
    expect(await audienceOf(first.accessToken)).toEqual([photos]);
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refreshToken ?? '' };
    const second = await harness.token({ ...refresh, resource: videos }, authorization);
    expect(await audienceOf(second.accessToken)).toEqual([videos]);
    expect(await refusalOf(redeem({ resource: videos }, [photos]))).toEqual(invalidTarget);
    expect(await refusalOf(redeem({ resource: photos }, []))).toEqual(invalidTarget);
  });

  it('ends with the registration of the client or of the resource server', async () => {
    const code = harness.makeCode(owner, { grant: { audience: [photos] } });
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
    const first = await harness.token(form, authorization);
    await harness.resourceServers.remove('photos');
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refreshToken ?? '' };
    expect(await refusalOf(harness.token(refresh, authorization))).toEqual(invalidTarget);
  });
});

describe('a resource server', () => {
  const server = { id: 'photos', uri: photos, name: '', scopes: ['b', 'b', 'a'] };

  it('is stored in its sound form', () => {
    expect(validateResourceServer(server).scopes).toEqual(['b', 'a']);
    expect(() => validateResourceServer({ ...server, uri: 'urn:example:api' })).not.toThrow();
  });

  it.each([
    { id: 'a b' },
    { uri: 'api' },
    { uri: 'https://a.example/#x' },
    { uri: 'https://a b' },
    { name: '\u0000' },
    { accessTokenLifetimeMs: 5 },
  ])('is refused with %o', (changes) =>
    expect(() => validateResourceServer({ ...server, ...changes })).toThrow('invalid_client_metadata'),
  );
});
