import { beforeEach, describe, expect, it } from 'vitest';
import { OAuth2Error } from '../errors.js';
import { sampleClient } from '../testing/sample-client.js';
import { basic, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';

const conf = basic('conf', 'conf-secret');
let harness: TokenHarness;
beforeEach(async () => {
  harness = await createTokenHarness();
});

describe('the token endpoint', () => {
  beforeEach(() => harness.register());

  it.each(['password', 'magic', '__proto__', 'constructor', 'toString', 'client_credentials ', 'CLIENT_CREDENTIALS'])(
    'answers unsupported_grant_type to %j',
    async (grantType) => {
      expect(await refusalOf(harness.token({ grant_type: grantType }, conf))).toEqual({
        error: 'unsupported_grant_type',
        status: 400,
      });
    },
  );

  it('never serves the password grant, registered or not', async () => {
    await harness.register({ id: 'root', grantTypes: ['password', 'client_credentials'] });
    const form = { grant_type: 'password', username: 'a', password: 'b' };
    expect(await refusalOf(harness.token(form, basic('root', 'conf-secret')))).toMatchObject({
      error: 'unsupported_grant_type',
    });
  });

  it('answers invalid_request without grant_type', async () => {
    expect(await refusalOf(harness.token({}, conf))).toEqual({ error: 'invalid_request', status: 400 });
  });

  it('authenticates the client before it says anything of the grant type', async () => {
    expect(await refusalOf(harness.token({ grant_type: 'magic' }, basic('conf', 'wrong-secret')))).toEqual({
      error: 'invalid_client',
      status: 401,
    });
  });

  it.each([
    [{ grant_type: 'client_credentials' }, ['authorization_code']],
    [{ grant_type: 'authorization_code', code: 'x' }, ['client_credentials']],
    [{ grant_type: 'refresh_token', refresh_token: 'x' }, ['authorization_code']],
  ])('answers unauthorized_client to %j of a client registered for %j', async (form, grantTypes) => {
    await harness.register({ id: 'narrow', grantTypes });
    expect(await refusalOf(harness.token(form, basic('narrow', 'conf-secret')))).toEqual({
      error: 'unauthorized_client',
      status: 400,
    });
  });

  it('makes a new error for every refusal', async () => {
    const thrown = await Promise.all(
      [1, 2].map(() => harness.token({ grant_type: 'magic' }, conf).catch((cause: unknown) => cause)),
    );
    expect(thrown[0]).toBeInstanceOf(OAuth2Error);
    expect(thrown[0]).not.toBe(thrown[1]);
  });
});

describe('client_credentials', () => {
  const form = { grant_type: 'client_credentials' };

  it('gives an access token for the client itself, for exactly an hour, and nothing else', async () => {
    await harness.register();
    const tokens = await harness.token({ ...form, scope: 'photos offline openid' }, conf);
    expect(tokens).toEqual({
      accessToken: expect.stringMatching(/^ct_at_/),
      expiresIn: 3600,
      scopes: ['photos', 'offline', 'openid'],
    });
    const { introspection } = await harness.introspect(tokens.accessToken);
    expect(introspection).toEqual({
      active: true,
      clientId: 'conf',
      subject: 'conf',
      scopes: ['photos', 'offline', 'openid'],
      audience: ['conf'],
      issuer: 'https://as.example',
      issuedAt: harness.now(),
      expiresAt: harness.now() + 3_600_000,
      extra: {},
    });
  });

  it('grants no scope when none is asked', async () => {
    await harness.register();
    expect((await harness.token(form, conf)).scopes).toEqual([]);
  });

  it.each([
    ['photos.albums', true],
    ['photo', false],
    ['photosx', false],
    ['photos other', false],
    ['*', false],
    ['photos.*', true],
    ['Photos', false],
  ])('with scope %j succeeds: %j', async (scope, succeeds) => {
    await harness.register();
    const outcome = harness.token({ ...form, scope }, conf);
    if (succeeds) expect((await outcome).scopes).toEqual([scope]);
    else expect(await refusalOf(outcome)).toEqual({ error: 'invalid_scope', status: 400 });
  });

  it('is not for public clients', async () => {
    await harness.register({ id: 'pub', public: true });
    expect(await refusalOf(harness.token({ ...form, client_id: 'pub' }))).toMatchObject({
      error: 'unauthorized_client',
    });
  });

  it('knows no resource', async () => {
    await harness.register();
    expect(await refusalOf(harness.token({ ...form, resource: 'https://api.example' }, conf))).toEqual({
      error: 'invalid_target',
      status: 400,
    });
  });

  it('of a cached client is judged by the row that the insert finds', async () => {
    await harness.register();
    await harness.token(form, conf);

    await harness.clients.update(sampleClient({ scopes: ['new'] }), 'keep');
    expect((await harness.token({ ...form, scope: 'new' }, conf)).scopes).toEqual(['new']);
    expect(await refusalOf(harness.token({ ...form, scope: 'photos' }, conf))).toMatchObject({
      error: 'invalid_scope',
    });

    await harness.clients.update(sampleClient(), (await harness.secrets.hash('next-secret')).hash);
    expect(await refusalOf(harness.token(form, conf))).toMatchObject({ error: 'invalid_client' });
    const next = basic('conf', 'next-secret');
    await harness.token(form, next);

    await harness.clients.update(sampleClient({ grantTypes: ['authorization_code'] }), 'keep');
    expect(await refusalOf(harness.token(form, next))).toMatchObject({ error: 'unauthorized_client' });
    await harness.clients.update(sampleClient(), 'keep');
    await harness.token(form, next);

    await harness.clients.remove('conf');
    expect(await refusalOf(harness.token(form, next))).toMatchObject({ error: 'invalid_client' });
  });
});
