import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createClientCredentials, createWardenClient, type WardenClient, type WardenSecurity } from '@castellan/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardedApps, type GuardedApp } from './guarded-apps.js';
import { type Answer, send } from './http.js';
import { freePorts } from './ports.js';
import {
  clientCertificate,
  makeDatabase,
  migrateSql,
  modes,
  type Product,
  type ProductDatabase,
  rootToken,
  startProduct,
} from './product.js';
import { itOutlivesOutages } from './sdk-outages.js';

/** Clients of the product: a team's service that asks the Warden, two that call that service, one that no policy lets ask. */
const clients = {
  asker: 'hydra.warden',
  reader: 'articles other',
  stranger: 'articles',
  unasked: 'hydra.warden',
} as const;
type ClientId = keyof typeof clients;
const SECRET = 'a-secret-of-the-sdk-test-0123456789';

const policies = [
  {
    id: 'asker',
    subjects: ['asker'],
    effect: 'allow',
    resources: ['rn:hydra:warden:allowed', 'rn:hydra:warden:token:allowed'],
    actions: ['decide'],
  },
  {
    id: 'articles',
    subjects: ['reader', 'peter'],
    effect: 'allow',
    resources: ['article:<[0-9]+>'],
    actions: ['read'],
  },
  { id: 'closed', subjects: ['<.*>'], effect: 'deny', resources: ['article:13'], actions: ['<.*>'] },
];

describe.each(modes)('the SDK against the product (%s)', (mode) => {
  let database: ProductDatabase;
  let product: Product;
  let bearerTarget: string;
  let root: string;
  const opened: WardenClient[] = [];

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    const [port = 0] = await freePorts(1);
    bearerTarget = `localhost:${port}`;
    const env = { WARDEN_PUBLIC_GRPC_PORT: String(port) };
    product = await startProduct({ mode, databaseUrl: database.url, env });
    root = await rootToken(product);
    for (const [id, scope] of Object.entries(clients)) {
      const registration = { id, client_secret: SECRET, grant_types: ['client_credentials'], scope };
      await admin('clients', { ...registration, response_types: [] });
    }
    for (const policy of policies) await admin('policies', policy);
  }, 180_000);

  afterAll(async () => {
    for (const client of opened) client.close();
    await product?.stop();
    await database?.drop();
  });

  async function admin(route: string, json?: unknown, method = 'POST'): Promise<Answer> {
    const answer = await send(`${product.adminUrl}/${route}`, { bearer: root, method, ...(json ? { json } : {}) });
    expect(answer.status, answer.text).toBeLessThan(300);
    return answer;
  }

  const revisionOf = ({ headers }: Answer): number => Number(headers['x-castellan-policy-revision']);

  /** Trusts the product's own certificate; nothing here leaves loopback. */
  const credentialsOf = (clientId: ClientId) =>
    createClientCredentials({
      tokenUrl: `${product.publicUrl}/oauth2/token`,
      clientId,
      clientSecret: SECRET,
      scope: clients[clientId],
      deadlineMs: 20_000,
      async fetch(url, { method, headers, body = '' }) {
        const { status, text } = await send(url, { method, headers, body });
        return { status, text: async () => text };
      },
    });
  const tokenOf = (clientId: ClientId): Promise<string> => credentialsOf(clientId).get();

  const securities: Readonly<Record<string, () => { readonly target: string; readonly security: WardenSecurity }>> = {
    certificate: () => ({
      target: product.wardenTarget,
      security: { kind: 'tls', ...clientCertificate(product) },
    }),
    'access token': () => ({
      target: bearerTarget,
      security: {
        kind: 'token',
        tokens: credentialsOf('asker'),
        ca: readFileSync(path.join(product.certificates, 'ca.pem')),
      },
    }),
  };

  function connect(
    access = 'certificate',
    options: Partial<Parameters<typeof createWardenClient>[0]> = {},
  ): WardenClient {
    const target = securities[access]?.();
    if (target === undefined) throw new Error(`no such access: ${access}`);
    const client = createWardenClient({ ...target, deadlineMs: 30_000, ...options });
    opened.push(client);
    return client;
  }

  const check = { subject: 'peter', resource: 'article:7', action: 'read' };
  const ways = Object.keys(securities).flatMap((access) =>
    (['unary', 'stream'] as const).map((transport) => [access, transport] as const),
  );

  describe.each(ways)('with a %s, by %s', (access, transport) => {
    let warden: WardenClient;
    beforeAll(() => {
      warden = connect(access, { transport });
    });

    it('checks', async () => {
      expect(await warden.check(check)).toEqual({ allowed: true, revision: expect.any(Number) });
      expect(await warden.check({ ...check, subject: 'eve' })).toMatchObject({ allowed: false, reason: 'default' });
      expect(await warden.check({ ...check, resource: 'article:13' })).toMatchObject({ reason: 'explicit' });
      await expect(warden.check({ ...check, subject: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('checks tokens', async () => {
      const [token, strange] = await Promise.all([tokenOf('reader'), tokenOf('stranger')]);
      const { subject: _subject, ...article } = check;
      const ask = (asked: string, scopes: string[]) => warden.checkToken({ ...article, token: asked, scopes });
      const allowed = await ask(token, ['articles']);
      expect(allowed).toMatchObject({
        allowed: true,
        token: { subject: 'reader', clientId: 'reader', scopes: ['articles', 'other'] },
      });
      expect(allowed.allowed && allowed.token.expiresAtMs).toBeGreaterThan(Date.now());
      expect(await ask(strange, ['articles'])).toMatchObject({ allowed: false, reason: 'default' });
      expect(await ask(token, ['articles', 'admin'])).toMatchObject({ allowed: false, reason: 'scope' });
      for (const unknown of ['no-token', `${token}x`, token.slice(0, -1)]) {
        expect(await ask(unknown, [])).toMatchObject({ allowed: false, reason: 'token_inactive' });
      }
    });

    it('checks in batches, and a malformed one alone is refused', async () => {
      const checks = [check, { ...check, subject: '' }, { ...check, subject: 'eve' }];
      const decisions = await warden.batchCheck(checks);
      expect(decisions.map((decision) => (decision.allowed ? 'allowed' : decision.reason))).toEqual([
        'allowed',
        'malformed',
        'default',
      ]);
      expect(decisions[2]?.revision).toBe(decisions[0]?.revision);
    });

    it('sees every policy whose writing returned before, whatever is asked at the same time', async () => {
      const id = `written-${access === 'certificate' ? 'c' : 't'}-${transport}`;
      const own = { subject: `subject-${id}`, resource: `resource-${id}`, action: 'use' };
      const policy = { subjects: [own.subject], effect: 'allow', resources: [own.resource], actions: [own.action] };
      let isOver = false;
      const noise = (async () => {
        while (!isOver) await warden.check(own);
      })();
      const asNewAs = async (atLeast: number) => {
        const decision = await warden.check(own, { consistency: { atLeast } });
        expect(decision.revision).toBeGreaterThanOrEqual(atLeast);
        return decision;
      };
      const answered = async () => [await warden.check(own), ...(await warden.batchCheck([own]))];
      try {
        for (let round = 0; round < 5; round++) {
          const written = revisionOf(await admin('policies', { id, ...policy }));
          expect((await answered()).map(({ allowed }) => allowed)).toEqual([true, true]);
          expect(await asNewAs(written)).toMatchObject({ allowed: true });
          const removed = revisionOf(await admin(`policies/${id}`, undefined, 'DELETE'));
          expect(removed).toBeGreaterThan(written);
          // Who knows of the write may ask for its revision, and gets it or a later one.
          expect(await asNewAs(removed)).toMatchObject({ allowed: false });
          expect((await answered()).map(({ allowed }) => allowed)).toEqual([false, false]);
        }
      } finally {
        isOver = true;
        await noise;
      }
    });
  });

  it('rejects a caller whom no policy lets ask, and one whose token was not issued for asking', async () => {
    for (const outsider of ['reader', 'unasked'] as const) {
      const ca = readFileSync(path.join(product.certificates, 'ca.pem'));
      const warden = connect('access token', { security: { kind: 'token', tokens: credentialsOf(outsider), ca } });
      await expect(warden.check(check)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      await expect(warden.batchCheck([check])).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    }
  });

  describe.each(Object.entries(guardedApps))('the guard of %s', (framework, start) => {
    let app: GuardedApp;
    beforeAll(async () => {
      app = await start(connect(framework === 'Nest' ? 'access token' : 'certificate', { transport: 'stream' }));
    });
    afterAll(() => app?.close());

    const get = (article: string, authorization?: string): Promise<Answer> =>
      send(`${app.url}/articles/${article}`, {
        headers: authorization === undefined ? {} : { authorization },
      });

    it('lets pass whom a policy allows', async () => {
      const token = await tokenOf('reader');
      expect((await get('7', `Bearer ${token}`)).text).toBe('read 1');
      expect((await get('8', `bearer ${token}`)).status).toBe(200);
      expect(app.read).toEqual(['7', '8']);
    });

    it('answers the others, and the route does not run', async () => {
      const before = app.read.length;
      const [reader, stranger, narrow] = await Promise.all([tokenOf('reader'), tokenOf('stranger'), tokenOf('asker')]);
      const revoked = await tokenOf('reader');
      await send(`${product.publicUrl}/oauth2/revoke`, { form: { token: revoked }, basic: ['reader', SECRET] });
      const insufficient = 'Bearer error="insufficient_scope", scope="articles"';
      const cases: readonly [string, string | undefined, number, string | undefined][] = [
        ['7', undefined, 401, 'Bearer'],
        ['7', 'Basic cmVhZGVyOng=', 401, 'Bearer'],
        ['7', 'Bearer ', 401, 'Bearer'],
        ['7', `Bearer ${reader}, Bearer ${reader}`, 401, 'Bearer'],
        ['7', 'Bearer not-a-token', 401, 'Bearer error="invalid_token"'],
        ['7', `Bearer ${reader.slice(0, -1)}`, 401, 'Bearer error="invalid_token"'],
        ['7', `Bearer ${revoked}`, 401, 'Bearer error="invalid_token"'],
        ['7', `Bearer ${stranger}`, 403, undefined],
        ['13', `Bearer ${reader}`, 403, undefined],
        ['x', `Bearer ${reader}`, 403, undefined],
        ['7', `Bearer ${narrow}`, 403, insufficient],
      ];
      for (const [article, authorization, status, challenge] of cases) {
        const answer = await get(article, authorization);
        expect([answer.status, answer.headers['www-authenticate']], `${article} ${authorization}`).toEqual([
          status,
          challenge,
        ]);
        expect(answer.text).not.toContain('read');
      }
      expect((await send(`${app.url}/articles/7?access_token=${reader}`)).status).toBe(401);
      expect(app.read).toHaveLength(before);
    });
  });

  if (mode === 'services') itOutlivesOutages({ product: () => product, connect, tokenOf: () => tokenOf('reader') });
});
