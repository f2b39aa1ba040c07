import { beforeAll, describe, expect, it } from 'vitest';
import { tokenV1 } from '@castellan/rpc';
import { RpcHost } from '@castellan/service';
import { basic, clientOf, form, useTokenService, Warden } from './testing/token-service.module.js';

const service = useTokenService();

describe('the first client', () => {
  it('is registered in an empty database only, by one of many', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 4 }, (_, index) =>
        service.clients.createFirstClient({ client: clientOf({ id: `root-${index}` }), clientSecret: 'demo-password' }),
      ),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(
      service.clients.createFirstClient({ client: clientOf({ id: 'late' }), clientSecret: 'demo-password' }),
    ).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

describe('tokens', () => {
  beforeAll(async () => {
    await service.clients.createClient({ client: clientOf({ id: 'chosen' }), clientSecret: 'consumer-secret' });
  });

  it('are refused with an OAuth 2.0 error, which is an answer', async () => {
    expect(await service.issue(basic('chosen', 'wrong-secret'))).toEqual({
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
    const token = (await service.issue(authorization)).tokens?.accessToken ?? '';
    expect(await service.tokens.revokeToken({ parameters: form({ token }), authorization })).toEqual({
      error: undefined,
    });
    expect(
      (await service.tokens.introspectForCaller({ parameters: form({ token }), authorization })).introspection?.active,
    ).toBe(false);
    const warden = service.app.get(RpcHost).createClient(tokenV1.TokensService, 'warden');
    expect(await warden.introspect({ token, scopes: [] })).toMatchObject({ scopeMissing: false });
  });

  it('are described to the Warden, and to nobody else, without a policy', async () => {
    const token =
      (await service.issue(basic('chosen', 'consumer-secret'), { scope: 'hydra' })).tokens?.accessToken ?? '';
    const warden = service.app.get(RpcHost).createClient(tokenV1.TokensService, 'warden');
    expect(await warden.introspect({ token, scopes: ['hydra.keys'] })).toMatchObject({
      introspection: { active: true, subject: 'chosen', scopes: ['hydra'] },
      scopeMissing: false,
    });
    expect(await warden.introspect({ token, scopes: ['openid'] })).toMatchObject({
      introspection: { active: false, subject: '' },
      scopeMissing: true,
    });
    await expect(service.tokens.introspect({ token, scopes: [] })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('are issued as the metadata document says', async () => {
    const metadata = JSON.parse((await service.tokens.getMetadata({})).json) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      issuer: 'https://as.example',
      token_endpoint: 'https://as.example/oauth2/token',
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });

  it('and secrets are in no row and no line of the log', async () => {
    const authorization = basic('chosen', 'consumer-secret');
    const token = (await service.issue(authorization)).tokens?.accessToken ?? '';
    const { rows } = await service.database.pool.query<{ line: string }>(
      `SELECT t::text AS line FROM token.access_token t UNION ALL SELECT c::text FROM token.client c
        UNION ALL SELECT k::text FROM token.key_check k`,
    );
    const kept = [...rows.map(({ line }) => line), ...service.log].join('\n');
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
    const guarded = await service.start({ INTROSPECTION_ACCESS: 'policy' });
    try {
      const gateway = guarded.get(RpcHost).createClient(tokenV1.TokensService, 'gateway');
      await service.clients.createClient({ client: clientOf({ id: 'auditor' }), clientSecret: 'auditor-secret' });
      const token =
        (await service.issue(basic('chosen', 'consumer-secret'), { scope: 'openid' })).tokens?.accessToken ?? '';
      const ask = (authorization: string) =>
        gateway.introspectForCaller({ parameters: form({ token }), authorization });
      expect((await ask(basic('auditor', 'auditor-secret'))).introspection?.active).toBe(true);
      expect((await ask(basic('chosen', 'consumer-secret'))).error).toMatchObject({
        error: 'request_forbidden',
        status: 403,
      });
      const narrow =
        (await service.issue(basic('auditor', 'auditor-secret'), { scope: 'openid' })).tokens?.accessToken ?? '';
      expect((await ask(`Bearer ${narrow}`)).error).toMatchObject({ error: 'request_forbidden' });
      const wide =
        (await service.issue(basic('auditor', 'auditor-secret'), { scope: 'hydra' })).tokens?.accessToken ?? '';
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
    const guarded = await service.start({ ISSUANCE_ACCESS: 'policy' });
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
    await expect(service.start({ TOKEN_SECRET: 'cds1_token_of_another_system' })).rejects.toThrow(/TOKEN_SECRET/);
  });
});
