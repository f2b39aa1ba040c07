import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredClient } from '../client-store.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';

const authorization = basic('conf', 'conf-secret');
const invalidTarget = { error: 'invalid_target', status: 400 };
/** Has a resource server. */
const photos = 'https://photos.example/api';
/** Is a word of the client's registration, and nothing else. */
const plain = 'https://plain.example/';

let harness: TokenHarness;
let owner: StoredClient;

async function open(audienceParameter?: 'read' | 'ignore'): Promise<void> {
  harness = await createTokenHarness(audienceParameter === undefined ? {} : { audienceParameter });
  owner = await harness.register({ tokens: { audience: [photos, plain] } });
  await harness.resourceServers.put({
    ...{ id: 'photos', uri: photos, name: '', scopes: ['photos'] },
    accessTokenLifetimeMs: 60_000,
  });
}

beforeEach(() => open());

async function audienceOf(token: string): Promise<readonly string[]> {
  const { introspection } = await harness.introspect(token);
  return introspection.active ? introspection.audience : [];
}

async function ask(form: Readonly<Record<string, string>>) {
  const tokens = await harness.token({ grant_type: 'client_credentials', ...form }, authorization);
  return { ...tokens, audience: await audienceOf(tokens.accessToken) };
}

function redeem(unregisteredAudience: readonly string[], form: Readonly<Record<string, string>> = {}) {
  const code = harness.makeCode(owner, { grant: { audience: [plain], unregisteredAudience } });
  return harness.token({ grant_type: 'authorization_code', code, redirect_uri: callback, ...form }, authorization);
}

describe('the request parameter audience of Hydra', () => {
  it('names audiences of the client, with a resource server or without', async () => {
    expect(await ask({ audience: plain })).toMatchObject({ audience: [plain], expiresIn: 3_600 });
    expect(await ask({ audience: `${plain} ${photos}`, scope: 'openid' })).toMatchObject({ audience: [plain, photos] });
  });

  it('may be any word, which resource may not', async () => {
    await harness.clients.update({ ...owner.client, tokens: { audience: ['my-api'] } }, 'keep');
    expect((await ask({ audience: 'my-api' })).audience).toEqual(['my-api']);
    expect(await refusalOf(ask({ audience: 'my' }))).toEqual(invalidTarget);
    expect(await refusalOf(ask({ resource: 'my-api' }))).toEqual(invalidTarget);
  });

  it('is held to the rules of a resource server where there is one', async () => {
    expect(await ask({ audience: photos })).toMatchObject({ audience: [photos], expiresIn: 60 });
    const form = { grant_type: 'client_credentials', audience: photos, scope: 'photos' };
    await harness.resourceServers.put({ id: 'photos', uri: photos, name: '', scopes: ['albums'] });
    expect(await refusalOf(harness.token(form, authorization))).toMatchObject({ error: 'invalid_scope' });
  });

  it('says the same as resource, and both together count once', async () => {
    expect((await ask({ audience: plain, resource: photos })).audience).toEqual([photos, plain]);
    expect((await ask({ audience: photos, resource: photos })).audience).toEqual([photos]);
  });

  it('shows in a JWT access token', async () => {
    await harness.clients.update(
      { ...owner.client, tokens: { audience: [photos, plain], accessTokenFormat: 'jwt' } },
      'keep',
    );
    const { accessToken } = await harness.token({ grant_type: 'client_credentials', audience: plain }, authorization);
    const [, claims = ''] = accessToken.split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ aud: plain });
  });

  it.each([
    ['what the client is not registered for', { audience: 'https://other.example/' }],
    ['it beside a good one', { audience: `${plain} https://other.example/` }],
    ['a path below a registered one', { audience: `${plain}below` }],
    ['the client itself', { audience: 'conf' }],
    ['what needs a resource server, asked by resource', { resource: plain }],
    ['the same asked by both', { resource: plain, audience: plain }],
  ])('is refused: %s', async (_, form) => {
    expect(await refusalOf(ask(form))).toEqual(invalidTarget);
  });

  it('is kept by the grant, from the code to every refresh, and only where it needed no resource server', async () => {
    const first = await redeem([plain]);
    expect(await audienceOf(first.accessToken)).toEqual([plain]);
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refreshToken ?? '' };
    const second = await harness.token({ ...refresh, audience: plain }, authorization);
    expect(await audienceOf(second.accessToken)).toEqual([plain]);
    const again = { grant_type: 'refresh_token', refresh_token: second.refreshToken ?? '' };
    expect(await refusalOf(harness.token({ ...again, audience: photos }, authorization))).toEqual(invalidTarget);
    expect(await refusalOf(redeem([]))).toEqual(invalidTarget);
    expect(await refusalOf(redeem([plain], { audience: photos }))).toEqual(invalidTarget);
  });

  it('ends when the client is no longer registered for it', async () => {
    const first = await redeem([plain]);
    await harness.clients.update({ ...owner.client, tokens: { audience: [photos] } }, 'keep');
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refreshToken ?? '' };
    expect(await refusalOf(harness.token(refresh, authorization))).toEqual(invalidTarget);
  });

  it('is one that the server does not know, where it is switched off', async () => {
    await open('ignore');
    expect((await ask({ audience: 'https://other.example/' })).audience).toEqual(['conf']);
    expect((await ask({ audience: plain, resource: photos })).audience).toEqual([photos]);
  });
});
