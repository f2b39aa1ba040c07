import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { tokenV1 } from '@castellan/rpc';
import { basic, clientOf, form, useTokenService } from './testing/token-service.module.js';

const service = useTokenService();

describe('clients', () => {
  it('get a UUID and a generated secret where none is given; neither is readable afterwards', async () => {
    const created = await service.clients.createClient({ client: clientOf({ clientName: 'Fotos' }), clientSecret: '' });
    expect(created.client?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
    expect(created.clientSecret).toMatch(/^cs_[A-Za-z0-9_-]{43}$/);
    const id = created.client?.id ?? '';
    const { client } = await service.clients.getClient({ id });
    expect(client).toEqual({ ...created.client, secrets: [{ expiresAtMs: 0, lastUsedAtMs: 0 }] });
    const { tokens: issued } = await service.issue(basic(id, created.clientSecret), { scope: 'hydra.keys.get' });
    expect(issued).toMatchObject({
      tokenType: 'bearer',
      expiresIn: 3600,
      scope: 'hydra.keys.get',
      refreshToken: '',
      idToken: '',
    });
  });

  it('with a short chosen secret are registered with a warning, with a shorter one not at all', async () => {
    const created = await service.clients.createClient({
      client: clientOf({ id: 'chosen' }),
      clientSecret: 'consumer-secret',
    });
    expect(created.clientSecret).toBe('consumer-secret');
    expect(created.warnings).toHaveLength(1);
    await expect(
      service.clients.createClient({ client: clientOf({ id: 'short' }), clientSecret: '12345' }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'The client secret must be at least 6 characters long',
    });
    await expect(service.clients.getClient({ id: 'short' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('keep their id to themselves', async () => {
    await expect(
      service.clients.createClient({ client: clientOf({ id: 'chosen' }), clientSecret: '' }),
    ).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  it('that are malformed are refused with the member that is wrong', async () => {
    const bad = clientOf({ id: 'bad', redirectUris: ['https://a.example/#x'] });
    await expect(service.clients.createClient({ client: bad, clientSecret: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('redirect_uris[0]'),
    });
    await expect(service.clients.createClient({ client: undefined, clientSecret: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('that are public have no secret', async () => {
    const client = clientOf({ id: 'pub', public: true });
    await expect(service.clients.createClient({ client, clientSecret: 'some-secret' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect((await service.clients.createClient({ client, clientSecret: '' })).clientSecret).toBe('');
    const confidential = { client: clientOf({ id: 'pub' }), clientSecret: '' };
    await expect(service.clients.updateClient(confidential)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('are replaced by an update; an empty secret keeps the old one, a new one ends it', async () => {
    await service.clients.createClient({ client: clientOf({ id: 'changing' }), clientSecret: 'first-secret' });
    const update = clientOf({ id: 'changing', clientName: 'renamed', scope: '' });
    const times = { createdAtMs: expect.any(Number), updatedAtMs: expect.any(Number), revision: 2 };
    expect(await service.clients.updateClient({ client: update, clientSecret: '' })).toEqual({
      client: { ...update, ...times },
      warnings: [],
    });
    expect((await service.issue(basic('changing', 'first-secret'))).tokens).toBeDefined();
    await service.clients.updateClient({ client: update, clientSecret: 'second-secret' });
    expect((await service.issue(basic('changing', 'first-secret'))).error).toMatchObject({
      error: 'invalid_client',
      status: 401,
    });
    expect((await service.issue(basic('changing', 'second-secret'))).tokens).toBeDefined();
    await expect(
      service.clients.updateClient({ client: clientOf({ id: 'absent' }), clientSecret: '' }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('are updated on the condition of a revision, or not at all (AD-13)', async () => {
    const { client } = await service.clients.createClient({
      client: clientOf({ id: 'guarded' }),
      clientSecret: 'first-secret',
    });
    const update = { client: clientOf({ id: 'guarded', owner: 'alice' }), clientSecret: '' };
    expect((await service.clients.updateClient({ ...update, revision: client?.revision })).client?.owner).toBe('alice');
    const stale = service.clients.updateClient({ ...update, revision: client?.revision });
    await expect(stale).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('are read page by page with tokens that are good for one list and one reader (DB-05)', async () => {
    for (const id of ['pg-a', 'pg-b', 'pg-c']) {
      await service.clients.createClient({ client: clientOf({ id, owner: 'pager' }), clientSecret: '' });
    }
    const page = (pageToken: string, changes: { reader?: string; owner?: string; pageSize?: number } = {}) =>
      service.clients.listClientPage({
        pageSize: 2,
        pageToken,
        clientName: undefined,
        owner: 'pager',
        reader: 'r',
        ...changes,
      });
    const first = await page('');
    expect(first.clients.map(({ id }) => id)).toEqual(['pg-a', 'pg-b']);
    const second = await page(first.nextPageToken);
    expect([second.clients.map(({ id }) => id), second.nextPageToken]).toEqual([['pg-c'], '']);
    const refusals = [
      page(first.nextPageToken, { reader: 'other' }),
      page(first.nextPageToken, { owner: 'other' }),
      page('forged'),
      page('', { pageSize: 0 }),
      page('', { pageSize: 1_001 }),
    ];
    for (const refused of refusals) await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('keep what their operator notes', async () => {
    const noted = clientOf({ id: 'noted', metadataJson: '{"tier":"gold"}' });
    await service.clients.createClient({ client: noted, clientSecret: '' });
    expect((await service.clients.getClient({ id: 'noted' })).client?.metadataJson).toBe('{"tier":"gold"}');
    for (const metadataJson of ['[]', '{', `{"x":"${'x'.repeat(20_000)}"}`]) {
      const refused = service.clients.updateClient({ client: { ...noted, metadataJson }, clientSecret: '' });
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('get a second secret beside the first; what is known of both is answered', async () => {
    await service.clients.createClient({ client: clientOf({ id: 'rotating' }), clientSecret: 'first-secret' });
    const rotated = await service.clients.rotateClientSecret({
      id: 'rotating',
      clientSecret: '',
      overlapMs: 60_000,
      lifetimeMs: 0,
    });
    expect(rotated.clientSecret).toMatch(/^cs_/);
    expect((await service.issue(basic('rotating', 'first-secret'))).tokens).toBeDefined();
    expect((await service.issue(basic('rotating', rotated.clientSecret))).tokens).toBeDefined();
    const secrets = (await service.clients.getClient({ id: 'rotating' })).client?.secrets ?? [];
    expect(secrets).toHaveLength(2);
    expect(secrets[0]?.expiresAtMs).toBe(0);
    expect(secrets[1]?.expiresAtMs).toBeGreaterThan(0);
    await service.clients.rotateClientSecret({ id: 'rotating', clientSecret: '', overlapMs: 0, lifetimeMs: 0 });
    expect((await service.issue(basic('rotating', rotated.clientSecret))).error?.error).toBe('invalid_client');
    const refused = (id: string) =>
      service.clients.rotateClientSecret({ id, clientSecret: '', overlapMs: 0, lifetimeMs: 0 });
    await expect(refused('absent')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(refused('pub')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('with private_key_jwt have keys and no secret', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwks = JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] });
    const client = clientOf({ id: 'pkjwt', tokenEndpointAuthMethod: 'private_key_jwt', jwks });
    const created = await service.clients.createClient({ client, clientSecret: '' });
    expect(created).toMatchObject({
      clientSecret: '',
      client: { jwks: expect.stringContaining('"kty":"EC"'), secrets: [] },
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'pkjwt', sub: 'pkjwt', aud: 'https://as.example', jti: 'once', exp: now + 60 };
    const input = [{ alg: 'ES256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const signature = sign('sha256', Buffer.from(input.join('.')), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const form = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${input.join('.')}.${signature.toString('base64url')}`,
    };
    const attempts = await Promise.all(Array.from({ length: 8 }, () => service.issue('', form)));
    expect(attempts.filter(({ tokens: issued }) => issued !== undefined)).toHaveLength(1);
  });

  it('get JWT access tokens of their own lifetime where they registered that', async () => {
    const lifespansMs = new Map([['client_credentials_grant_access_token_lifespan', 60_000]]);
    const client = clientOf({ id: 'jwt-client', tokens: { accessTokenFormat: 'jwt', lifespansMs, audience: [] } });
    const created = await service.clients.createClient({ client, clientSecret: 'jwt-secret' });
    expect(created.client?.tokens).toEqual(client.tokens);
    const { tokens: issued } = await service.issue(basic('jwt-client', 'jwt-secret'));
    expect(issued?.expiresIn).toBe(60);
    const payload = Buffer.from(issued?.accessToken.split('.')[1] ?? '', 'base64url').toString();
    expect(JSON.parse(payload)).toMatchObject({
      iss: 'https://as.example',
      sub: 'jwt-client',
      client_id: 'jwt-client',
    });
    const stateless = { accessTokenFormat: 'stateless-jwt', lifespansMs, audience: [] };
    await service.clients.createClient({
      client: clientOf({ id: 'stateless', tokens: stateless }),
      clientSecret: 'a-secret',
    });
    const rowless = (await service.issue(basic('stateless', 'a-secret'))).tokens?.accessToken ?? '';
    const claims: unknown = JSON.parse(Buffer.from(rowless.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ client_id: 'stateless', grant: { revision: 1 } });
    const bad = clientOf({ id: 'bad', tokens: { accessTokenFormat: 'paseto', lifespansMs: new Map(), audience: [] } });
    await expect(service.clients.createClient({ client: bad, clientSecret: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('end, and every token of them, when they are deleted', async () => {
    await service.clients.createClient({ client: clientOf({ id: 'leaving' }), clientSecret: 'leaving-secret' });
    const token = (await service.issue(basic('leaving', 'leaving-secret'))).tokens?.accessToken ?? '';
    const asked = { parameters: form({ token }), authorization: basic('chosen', 'consumer-secret') };
    expect((await service.tokens.introspectForCaller(asked)).introspection).toMatchObject({
      active: true,
      clientId: 'leaving',
      audience: ['leaving'],
      issuer: 'https://as.example',
      extraJson: '',
    });
    await service.clients.deleteClient({ id: 'leaving' });
    expect((await service.tokens.introspectForCaller(asked)).introspection).toEqual(tokenV1.Introspection.create({}));
    await expect(service.clients.deleteClient({ id: 'leaving' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are listed page by page', async () => {
    const all = (await service.clients.listClients({ after: '', limit: 0 })).clients.map(({ id }) => id);
    expect(all).toEqual([...all].sort());
    const first = (await service.clients.listClients({ after: '', limit: 2 })).clients.map(({ id }) => id);
    expect(first).toEqual(all.slice(0, 2));
    const next = (await service.clients.listClients({ after: first[1] ?? '', limit: 2 })).clients.map(({ id }) => id);
    expect(next).toEqual(all.slice(2, 4));
  });
});
