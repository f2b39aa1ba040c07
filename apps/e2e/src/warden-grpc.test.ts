import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRpcChannelClient,
  keysV1,
  openRpcChannel,
  type RpcChannel,
  type RpcClient,
  wardenV1,
} from '@castellan/rpc';
import {
  makeDatabase,
  migrateSql,
  modes,
  type Product,
  type ProductDatabase,
  rootToken,
  startProduct,
} from './product.js';
import { certifyAuthzen } from './authzen-certification.js';
import { send } from './http.js';
import { freePorts } from './ports.js';

describe.each(modes)('the Warden’s gRPC door (%s)', (mode) => {
  let database: ProductDatabase;
  let product: Product;
  let warden: RpcClient<typeof wardenV1.WardenService>;
  let bearers: RpcChannel;

  function channel(peer: string): RpcChannel {
    const read = (name: string): Buffer => readFileSync(path.join(product.certificates, name));
    return openRpcChannel({
      target: product.wardenTarget,
      security: { kind: 'tls', ca: read('ca.pem'), cert: read(`${peer}.pem`), key: read(`${peer}-key.pem`) },
    });
  }

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    const [port = 0] = await freePorts(1);
    const env = { WARDEN_PUBLIC_GRPC_PORT: String(port) };
    product = await startProduct({ mode, databaseUrl: database.url, env });
    const ca = readFileSync(path.join(product.certificates, 'ca.pem'));
    bearers = openRpcChannel({ target: `localhost:${port}`, security: { kind: 'bearer', ca } });
    warden = createRpcChannelClient(wardenV1.WardenService, channel('client'));
    await send(`${product.adminUrl}/policies`, {
      bearer: await rootToken(product),
      json: {
        id: 'articles',
        subjects: ['peter'],
        effect: 'allow',
        resources: ['article:<[0-9]+>'],
        actions: ['read'],
        conditions: { ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } } },
      },
    });
  }, 120_000);

  afterAll(async () => {
    bearers?.close();
    await product?.stop();
    await database?.drop();
  });

  const request = (overrides: Partial<wardenV1.CheckRequest> = {}): wardenV1.CheckRequest => ({
    subject: 'peter',
    resource: 'article:7',
    action: 'read',
    context: { ip: '10.1.2.3' },
    anonymous: false,
    ...overrides,
  });

  it('Check decides', async () => {
    expect((await warden.check(request())).allowed).toBe(true);
    expect((await warden.check(request({ context: { ip: '11.1.2.3' } }))).allowed).toBe(false);
    expect((await warden.check(request({ subject: 'mallory' }))).reason).toBe(
      wardenV1.DenialReason.DENIAL_REASON_DEFAULT,
    );
  });

  it('CheckToken decides for the subject of a token', async () => {
    const token = await rootToken(product);
    const ask = (scopes: string[]): Promise<wardenV1.CheckTokenResponse> =>
      warden.checkToken({ token, scopes, resource: 'rn:hydra:clients', action: 'get', context: undefined });
    expect(await ask(['hydra.clients'])).toMatchObject({ allowed: true, token: { subject: 'admin' } });
    expect(await ask(['foo'])).toMatchObject({ allowed: false, reason: wardenV1.DenialReason.DENIAL_REASON_SCOPE });
  });

  it('BatchCheck answers each request in order, and a malformed one alone is refused', async () => {
    const { results } = await warden.batchCheck({
      checks: [request(), request({ subject: '' }), request({ action: 'write' })],
    });
    expect(results.map((result) => result.decision?.allowed ?? result.invalidArgument !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('answers one question alike at every door', async () => {
    const bearer = await rootToken(product);
    const questions = ['peter', 'mallory'].flatMap((subject) =>
      ['article:7', 'article:77', 'article:x'].flatMap((resource) =>
        ['read', 'write'].flatMap((action) =>
          ['10.1.2.3', '11.1.2.3'].map((ip) => ({ subject, resource, action, context: { ip } })),
        ),
      ),
    );
    const seen = new Set<unknown>();
    for (const question of questions) {
      const post = (route: string, json: unknown) => send(`${product.adminUrl}/${route}`, { bearer, json });
      const [grpc, allowed, explained, authzen] = await Promise.all([
        warden.check(request(question)),
        post('warden/allowed', question),
        post('warden/explain', question),
        post('access/v1/evaluation', {
          subject: { type: 'user', id: question.subject },
          action: { name: question.action },
          resource: { type: 'article', id: question.resource },
          context: question.context,
        }),
      ]);
      const answers = [allowed, explained].map(({ text }) => (JSON.parse(text) as { allowed: boolean }).allowed);
      answers.push((JSON.parse(authzen.text) as { decision: boolean }).decision);
      expect(answers, JSON.stringify(question)).toEqual(Array(3).fill(grpc.allowed));
      seen.add(grpc.allowed);
    }
    expect(seen.size).toBe(2);
  });

  it('refuses an empty subject, and a peer that is not on the method’s list', async () => {
    await expect(warden.check(request({ subject: '' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const keys = createRpcChannelClient(wardenV1.WardenService, channel('keys'));
    await expect(keys.check(request())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const policies = createRpcChannelClient(wardenV1.PoliciesService, channel('client'));
    await expect(policies.listPolicies({ limit: 0, offset: 0 })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const signing = createRpcChannelClient(keysV1.SigningService, channel('client'));
    await expect(signing.sign({ purpose: keysV1.Purpose.PURPOSE_ID_TOKEN, claimsJson: '{}' })).rejects.toBeDefined();
  });

  it('takes access tokens at a port of its own, where the policy allows their client to ask', async () => {
    const root = await rootToken(product);
    const id = `asker-${mode}`;
    const registration = { id, grant_types: ['client_credentials'], response_types: [], scope: 'hydra.warden other' };
    const registered = await send(`${product.adminUrl}/clients`, { bearer: root, json: registration });
    const { client_secret: secret } = JSON.parse(registered.text) as { client_secret: string };
    const tokenOf = async (scope: string): Promise<string> => {
      const form = { grant_type: 'client_credentials', scope };
      const answer = await send(`${product.publicUrl}/oauth2/token`, { form, basic: [id, secret] });
      return (JSON.parse(answer.text) as { access_token: string }).access_token;
    };
    const bearer = await tokenOf('hydra.warden');
    const overTokens = createRpcChannelClient(wardenV1.WardenService, bearers);
    const stream = bearers.openMessages(wardenV1.WardenService.streamCheck, {
      idOf: (answer) => answer.id,
      isGoingAway: ({ goingAway }) => goingAway,
    });
    const asked = (): Promise<wardenV1.CheckResponse> => overTokens.check(request(), { bearer, deadlineMs: 20_000 });
    const streamed = (): Promise<wardenV1.StreamCheckResponse> =>
      stream.ask((number, deadlineMs) => ({ id: number, deadlineMs, check: request() }), {
        bearer,
        deadlineMs: 20_000,
      });

    await expect(asked()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(streamed()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const policy = { id, subjects: [id], effect: 'allow', resources: ['rn:hydra:warden:allowed'], actions: ['decide'] };
    await send(`${product.adminUrl}/policies`, { bearer: root, json: policy });
    expect((await asked()).allowed).toBe(true);
    expect((await streamed()).decision?.allowed).toBe(true);
    const other = { bearer: await tokenOf('other'), deadlineMs: 20_000 };
    await expect(overTokens.check(request(), other)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    // The same caller is answered alike over HTTP.
    const overHttp = await send(`${product.adminUrl}/warden/allowed`, { bearer, json: request() });
    expect([overHttp.status, overHttp.text]).toEqual([200, '{"allowed":true}']);

    await send(`${product.publicUrl}/oauth2/revoke`, { form: { token: bearer }, basic: [id, secret] });
    await expect(asked()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(streamed()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(product.log()).not.toContain(bearer);
  });

  certifyAuthzen(() => product);
});
