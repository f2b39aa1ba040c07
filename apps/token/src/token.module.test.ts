import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Injectable, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { keysV1, tokenV1, wardenV1, type RpcClient, type RpcHandlers } from '@castellan/rpc';
import { createLogger, RpcHost, RpcModule, RpcService, ServiceModule } from '@castellan/service';
import { readTokenConfig } from './token.config.js';
import { TokenModule } from './token.module.js';

const publicJwk = JSON.stringify({ kty: 'RSA', kid: 'k1', alg: 'RS256', use: 'sig', n: 'x', e: 'AQAB' });

/** Keys and Warden as the token service sees them. */
@Injectable()
@RpcService(keysV1.SigningService, { sign: ['token'], getVerificationKeys: ['token'] })
class Signing implements RpcHandlers<typeof keysV1.SigningService> {
  async sign(request: keysV1.SignRequest): Promise<keysV1.SignResponse> {
    return { jws: `e30.${Buffer.from(request.claimsJson).toString('base64url')}.sig`, keyId: 'k1', algorithm: 'RS256' };
  }
  async getVerificationKeys(): Promise<keysV1.GetVerificationKeysResponse> {
    return { keys: [publicJwk], maxAgeSeconds: 10 };
  }
}

@Injectable()
@RpcService(wardenV1.WardenService, { check: ['token'], checkToken: [], batchCheck: [], streamCheck: [], explain: [] })
class Warden implements RpcHandlers<typeof wardenV1.WardenService> {
  readonly asked: wardenV1.CheckRequest[] = [];
  async check(request: wardenV1.CheckRequest): Promise<wardenV1.CheckResponse> {
    this.asked.push(request);
    return { allowed: request.subject === 'auditor', reason: 0, revision: 1 };
  }
  checkToken = () => Promise.reject(new Error('not asked'));
  batchCheck = () => Promise.reject(new Error('not asked'));
  streamCheck = () => Promise.reject(new Error('not asked'));
  explain = () => Promise.reject(new Error('not asked'));
}

class NeighboursModule {}
const neighbours: DynamicModule = { module: NeighboursModule, providers: [Signing, Warden] };

let test: TestDatabase;
const log: string[] = [];

async function start(changes: Record<string, string> = {}): Promise<INestApplicationContext> {
  const config = readTokenConfig({
    DATABASE_URL: test.url,
    ISSUER: 'https://as.example/',
    CONSENT_URL: 'https://consent.example/consent',
    TOKEN_SECRET: 'cds1_token_for_the_tests_only',
    ...changes,
  });
  const logger = createLogger({ destination: { write: (line) => void log.push(line) } });
  class Root {}
  const root: DynamicModule = {
    module: Root,
    imports: [ServiceModule.forRoot({ logger }), RpcModule.forRoot({}), neighbours, TokenModule.forRoot(config)],
  };
  return NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
}

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

function form(values: Record<string, string>): tokenV1.Parameter[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function clientOf(values: Partial<tokenV1.Client>): tokenV1.Client {
  return tokenV1.Client.create({
    redirectUris: ['https://rp.example/cb'],
    grantTypes: ['authorization_code', 'client_credentials'],
    scope: 'hydra openid',
    ...values,
  });
}

let app: INestApplicationContext;
let tokens: RpcClient<typeof tokenV1.TokensService>;
let clients: RpcClient<typeof tokenV1.ClientsService>;

beforeAll(async () => {
  test = await createTestDatabase('token');
  app = await start();
  const host = app.get(RpcHost);
  tokens = host.createClient(tokenV1.TokensService, 'gateway');
  clients = host.createClient(tokenV1.ClientsService, 'admin');
});
afterAll(async () => {
  await app.close();
  await test.drop();
});

async function issue(authorization: string, values: Record<string, string> = {}): Promise<tokenV1.IssueTokenResponse> {
  return tokens.issueToken({
    parameters: form({ grant_type: 'client_credentials', ...values }),
    authorization,
    remoteAddress: '',
  });
}

describe('the first client', () => {
  it('is registered in an empty database only, by one of many', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 4 }, (_, index) =>
        clients.createFirstClient({ client: clientOf({ id: `root-${index}` }), clientSecret: 'demo-password' }),
      ),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(
      clients.createFirstClient({ client: clientOf({ id: 'late' }), clientSecret: 'demo-password' }),
    ).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

describe('clients', () => {
  it('get a UUID and a generated secret where none is given; neither is readable afterwards', async () => {
    const created = await clients.createClient({ client: clientOf({ clientName: 'Fotos' }), clientSecret: '' });
    expect(created.client?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
    expect(created.clientSecret).toMatch(/^cs_[A-Za-z0-9_-]{43}$/);
    const id = created.client?.id ?? '';
    const { client } = await clients.getClient({ id });
    expect(client).toEqual({ ...created.client, secrets: [{ expiresAtMs: 0, lastUsedAtMs: 0 }] });
    const { tokens: issued } = await issue(basic(id, created.clientSecret), { scope: 'hydra.keys.get' });
    expect(issued).toMatchObject({
      tokenType: 'bearer',
      expiresIn: 3600,
      scope: 'hydra.keys.get',
      refreshToken: '',
      idToken: '',
    });
  });

  it('with a short chosen secret are registered with a warning, with a shorter one not at all', async () => {
    const created = await clients.createClient({ client: clientOf({ id: 'chosen' }), clientSecret: 'consumer-secret' });
    expect(created.clientSecret).toBe('consumer-secret');
    expect(created.warnings).toHaveLength(1);
    await expect(
      clients.createClient({ client: clientOf({ id: 'short' }), clientSecret: '12345' }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'The client secret must be at least 6 characters long',
    });
    await expect(clients.getClient({ id: 'short' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('keep their id to themselves', async () => {
    await expect(clients.createClient({ client: clientOf({ id: 'chosen' }), clientSecret: '' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  it('that are malformed are refused with the member that is wrong', async () => {
    const bad = clientOf({ id: 'bad', redirectUris: ['https://a.example/#x'] });
    await expect(clients.createClient({ client: bad, clientSecret: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('redirect_uris[0]'),
    });
    await expect(clients.createClient({ client: undefined, clientSecret: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('that are public have no secret', async () => {
    const client = clientOf({ id: 'pub', public: true });
    await expect(clients.createClient({ client, clientSecret: 'some-secret' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect((await clients.createClient({ client, clientSecret: '' })).clientSecret).toBe('');
    const confidential = { client: clientOf({ id: 'pub' }), clientSecret: '' };
    await expect(clients.updateClient(confidential)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('are replaced by an update; an empty secret keeps the old one, a new one ends it', async () => {
    await clients.createClient({ client: clientOf({ id: 'changing' }), clientSecret: 'first-secret' });
    const update = clientOf({ id: 'changing', clientName: 'renamed', scope: '' });
    const times = { createdAtMs: expect.any(Number), updatedAtMs: expect.any(Number), revision: 2 };
    expect(await clients.updateClient({ client: update, clientSecret: '' })).toEqual({
      client: { ...update, ...times },
      warnings: [],
    });
    expect((await issue(basic('changing', 'first-secret'))).tokens).toBeDefined();
    await clients.updateClient({ client: update, clientSecret: 'second-secret' });
    expect((await issue(basic('changing', 'first-secret'))).error).toMatchObject({
      error: 'invalid_client',
      status: 401,
    });
    expect((await issue(basic('changing', 'second-secret'))).tokens).toBeDefined();
    await expect(clients.updateClient({ client: clientOf({ id: 'absent' }), clientSecret: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('are updated on the condition of a revision, or not at all (AD-13)', async () => {
    const { client } = await clients.createClient({
      client: clientOf({ id: 'guarded' }),
      clientSecret: 'first-secret',
    });
    const update = { client: clientOf({ id: 'guarded', owner: 'alice' }), clientSecret: '' };
    expect((await clients.updateClient({ ...update, revision: client?.revision })).client?.owner).toBe('alice');
    const stale = clients.updateClient({ ...update, revision: client?.revision });
    await expect(stale).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('are read page by page with tokens that are good for one list and one reader (DB-05)', async () => {
    for (const id of ['pg-a', 'pg-b', 'pg-c']) {
      await clients.createClient({ client: clientOf({ id, owner: 'pager' }), clientSecret: '' });
    }
    const page = (pageToken: string, changes: { reader?: string; owner?: string; pageSize?: number } = {}) =>
      clients.listClientPage({
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
    await clients.createClient({ client: noted, clientSecret: '' });
    expect((await clients.getClient({ id: 'noted' })).client?.metadataJson).toBe('{"tier":"gold"}');
    for (const metadataJson of ['[]', '{', `{"x":"${'x'.repeat(20_000)}"}`]) {
      const refused = clients.updateClient({ client: { ...noted, metadataJson }, clientSecret: '' });
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('get a second secret beside the first; what is known of both is answered', async () => {
    await clients.createClient({ client: clientOf({ id: 'rotating' }), clientSecret: 'first-secret' });
    const rotated = await clients.rotateClientSecret({
      id: 'rotating',
      clientSecret: '',
      overlapMs: 60_000,
      lifetimeMs: 0,
    });
    expect(rotated.clientSecret).toMatch(/^cs_/);
    expect((await issue(basic('rotating', 'first-secret'))).tokens).toBeDefined();
    expect((await issue(basic('rotating', rotated.clientSecret))).tokens).toBeDefined();
    const secrets = (await clients.getClient({ id: 'rotating' })).client?.secrets ?? [];
    expect(secrets).toHaveLength(2);
    expect(secrets[0]?.expiresAtMs).toBe(0);
    expect(secrets[1]?.expiresAtMs).toBeGreaterThan(0);
    await clients.rotateClientSecret({ id: 'rotating', clientSecret: '', overlapMs: 0, lifetimeMs: 0 });
    expect((await issue(basic('rotating', rotated.clientSecret))).error?.error).toBe('invalid_client');
    const refused = (id: string) => clients.rotateClientSecret({ id, clientSecret: '', overlapMs: 0, lifetimeMs: 0 });
    await expect(refused('absent')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(refused('pub')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('with private_key_jwt have keys and no secret', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwks = JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] });
    const client = clientOf({ id: 'pkjwt', tokenEndpointAuthMethod: 'private_key_jwt', jwks });
    const created = await clients.createClient({ client, clientSecret: '' });
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
    const attempts = await Promise.all(Array.from({ length: 8 }, () => issue('', form)));
    expect(attempts.filter(({ tokens: issued }) => issued !== undefined)).toHaveLength(1);
  });

  it('get JWT access tokens of their own lifetime where they registered that', async () => {
    const lifespansMs = new Map([['client_credentials_grant_access_token_lifespan', 60_000]]);
    const client = clientOf({ id: 'jwt-client', tokens: { accessTokenFormat: 'jwt', lifespansMs, audience: [] } });
    const created = await clients.createClient({ client, clientSecret: 'jwt-secret' });
    expect(created.client?.tokens).toEqual(client.tokens);
    const { tokens: issued } = await issue(basic('jwt-client', 'jwt-secret'));
    expect(issued?.expiresIn).toBe(60);
    const payload = Buffer.from(issued?.accessToken.split('.')[1] ?? '', 'base64url').toString();
    expect(JSON.parse(payload)).toMatchObject({
      iss: 'https://as.example',
      sub: 'jwt-client',
      client_id: 'jwt-client',
    });
    const stateless = { accessTokenFormat: 'stateless-jwt', lifespansMs, audience: [] };
    await clients.createClient({ client: clientOf({ id: 'stateless', tokens: stateless }), clientSecret: 'a-secret' });
    const rowless = (await issue(basic('stateless', 'a-secret'))).tokens?.accessToken ?? '';
    const claims: unknown = JSON.parse(Buffer.from(rowless.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ client_id: 'stateless', grant: { revision: 1 } });
    const bad = clientOf({ id: 'bad', tokens: { accessTokenFormat: 'paseto', lifespansMs: new Map(), audience: [] } });
    await expect(clients.createClient({ client: bad, clientSecret: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('end, and every token of them, when they are deleted', async () => {
    await clients.createClient({ client: clientOf({ id: 'leaving' }), clientSecret: 'leaving-secret' });
    const token = (await issue(basic('leaving', 'leaving-secret'))).tokens?.accessToken ?? '';
    const asked = { parameters: form({ token }), authorization: basic('chosen', 'consumer-secret') };
    expect((await tokens.introspectForCaller(asked)).introspection).toMatchObject({
      active: true,
      clientId: 'leaving',
      audience: ['leaving'],
      issuer: 'https://as.example',
      extraJson: '',
    });
    await clients.deleteClient({ id: 'leaving' });
    expect((await tokens.introspectForCaller(asked)).introspection).toEqual(tokenV1.Introspection.create({}));
    await expect(clients.deleteClient({ id: 'leaving' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are listed page by page', async () => {
    const all = (await clients.listClients({ after: '', limit: 0 })).clients.map(({ id }) => id);
    expect(all).toEqual([...all].sort());
    const first = (await clients.listClients({ after: '', limit: 2 })).clients.map(({ id }) => id);
    expect(first).toEqual(all.slice(0, 2));
    const next = (await clients.listClients({ after: first[1] ?? '', limit: 2 })).clients.map(({ id }) => id);
    expect(next).toEqual(all.slice(2, 4));
  });
});

describe('tokens', () => {
  it('are refused with an OAuth 2.0 error, which is an answer', async () => {
    expect(await issue(basic('chosen', 'wrong-secret'))).toEqual({
      error: {
        error: 'invalid_client',
        description: expect.stringContaining('Client authentication failed'),
        status: 401,
        hint: '',
      },
    });
  });

  it('are revoked for every later introspection', async () => {
    const authorization = basic('chosen', 'consumer-secret');
    const token = (await issue(authorization)).tokens?.accessToken ?? '';
    expect(await tokens.revokeToken({ parameters: form({ token }), authorization })).toEqual({ error: undefined });
    expect(
      (await tokens.introspectForCaller({ parameters: form({ token }), authorization })).introspection?.active,
    ).toBe(false);
    const warden = app.get(RpcHost).createClient(tokenV1.TokensService, 'warden');
    expect(await warden.introspect({ token, scopes: [] })).toMatchObject({ scopeMissing: false });
  });

  it('are described to the Warden, and to nobody else, without a policy', async () => {
    const token = (await issue(basic('chosen', 'consumer-secret'), { scope: 'hydra' })).tokens?.accessToken ?? '';
    const warden = app.get(RpcHost).createClient(tokenV1.TokensService, 'warden');
    expect(await warden.introspect({ token, scopes: ['hydra.keys'] })).toMatchObject({
      introspection: { active: true, subject: 'chosen', scopes: ['hydra'] },
      scopeMissing: false,
    });
    expect(await warden.introspect({ token, scopes: ['openid'] })).toMatchObject({
      introspection: { active: false, subject: '' },
      scopeMissing: true,
    });
    await expect(tokens.introspect({ token, scopes: [] })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('are issued as the metadata document says', async () => {
    const metadata = JSON.parse((await tokens.getMetadata({})).json) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      issuer: 'https://as.example',
      token_endpoint: 'https://as.example/oauth2/token',
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });

  it('and secrets are in no row and no line of the log', async () => {
    const authorization = basic('chosen', 'consumer-secret');
    const token = (await issue(authorization)).tokens?.accessToken ?? '';
    const { rows } = await test.database.pool.query<{ line: string }>(
      `SELECT t::text AS line FROM token.access_token t UNION ALL SELECT c::text FROM token.client c
        UNION ALL SELECT k::text FROM token.key_check k`,
    );
    const kept = [...rows.map(({ line }) => line), ...log].join('\n');
    expect(kept).toContain('chosen');
    for (const secret of [
      ...token.split('.'),
      'consumer-secret',
      'demo-password',
      'cds1_token',
      authorization.slice(6),
    ]) {
      expect(kept.includes(secret)).toBe(false);
    }
  });
});

describe('introspection guarded by policies', () => {
  it('is for callers whom the Warden allows it', async () => {
    const guarded = await start({ INTROSPECTION_ACCESS: 'policy' });
    try {
      const gateway = guarded.get(RpcHost).createClient(tokenV1.TokensService, 'gateway');
      await clients.createClient({ client: clientOf({ id: 'auditor' }), clientSecret: 'auditor-secret' });
      const token = (await issue(basic('chosen', 'consumer-secret'), { scope: 'openid' })).tokens?.accessToken ?? '';
      const ask = (authorization: string) =>
        gateway.introspectForCaller({ parameters: form({ token }), authorization });
      expect((await ask(basic('auditor', 'auditor-secret'))).introspection?.active).toBe(true);
      expect((await ask(basic('chosen', 'consumer-secret'))).error).toMatchObject({
        error: 'request_forbidden',
        status: 403,
      });
      const narrow = (await issue(basic('auditor', 'auditor-secret'), { scope: 'openid' })).tokens?.accessToken ?? '';
      expect((await ask(`Bearer ${narrow}`)).error).toMatchObject({ error: 'request_forbidden' });
      const wide = (await issue(basic('auditor', 'auditor-secret'), { scope: 'hydra' })).tokens?.accessToken ?? '';
      expect((await ask(`Bearer ${wide}`)).introspection?.active).toBe(true);
      expect(guarded.get(Warden, { strict: false }).asked[0]).toMatchObject({
        subject: 'auditor',
        action: 'introspect',
        resource: 'rn:hydra:oauth2:tokens',
      });
    } finally {
      await guarded.close();
    }
  });
});

describe('issuance guarded by policies', () => {
  it('asks the Warden about each scope, and shows the decision in the introspection', async () => {
    const guarded = await start({ ISSUANCE_ACCESS: 'policy' });
    try {
      const gateway = guarded.get(RpcHost).createClient(tokenV1.TokensService, 'gateway');
      const warden = guarded.get(Warden, { strict: false });
      const values = { grant_type: 'client_credentials', scope: 'openid' };
      const ask = (authorization: string) =>
        gateway.issueToken({ parameters: form(values), authorization, remoteAddress: '192.0.2.7' });
      expect((await ask(basic('chosen', 'consumer-secret'))).error).toMatchObject({ error: 'invalid_scope' });
      expect(warden.asked.at(-1)).toMatchObject({
        subject: 'chosen',
        action: 'oauth2:issue',
        resource: 'rn:castellan:scope:openid',
        context: { client: 'chosen', subject: 'chosen', grant: 'client_credentials', ip: '192.0.2.7' },
      });
      const authorization = basic('auditor', 'auditor-secret');
      const token = (await ask(authorization)).tokens?.accessToken ?? '';
      const { introspection } = await gateway.introspectForCaller({ parameters: form({ token }), authorization });
      expect(introspection).toMatchObject({
        active: true,
        policyRevision: 1,
        decisionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    } finally {
      await guarded.close();
    }
  });
});

describe('the start', () => {
  it('is refused with another secret than the database was set up with', async () => {
    await expect(start({ TOKEN_SECRET: 'cds1_token_of_another_system' })).rejects.toThrow(/TOKEN_SECRET/);
  });
});
