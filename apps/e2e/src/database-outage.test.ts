import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CuttableProxy, startCuttableProxy } from './cuttable-proxy.js';
import { type Answer, send } from './http.js';
import { freePorts } from './ports.js';
import {
  makeDatabase,
  migrateSql,
  type Product,
  type ProductDatabase,
  ROOT,
  rootToken,
  startProduct,
} from './product.js';

// Invariants of an outage: every error fails closed, and what comes back is right without hands within ten seconds.
describe('while the database is away', () => {
  let database: ProductDatabase;
  let proxy: CuttableProxy;
  let product: Product;
  let token: string;
  let spare: string;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    const url = new URL(database.url);
    const [port = 0] = await freePorts(1);
    proxy = await startCuttableProxy(port, { host: url.hostname, port: Number(url.port) });
    url.port = String(port);
    product = await startProduct({ mode: 'host', databaseUrl: url.href });
    [token, spare] = await Promise.all([rootToken(product), rootToken(product)]);
  }, 120_000);

  afterAll(async () => {
    await product?.stop();
    await proxy?.close();
    await database?.drop();
  });

  const requests: readonly (readonly [string, () => Promise<Answer>])[] = [
    [
      'a token request',
      () => send(`${product.publicUrl}/oauth2/token`, { form: { grant_type: 'client_credentials' }, basic: ROOT }),
    ],
    ['introspection', () => send(`${product.publicUrl}/oauth2/introspect`, { form: { token }, basic: ROOT })],
    ['revocation', () => send(`${product.publicUrl}/oauth2/revoke`, { form: { token: spare }, basic: ROOT })],
    [
      'an access request',
      () =>
        send(`${product.adminUrl}/warden/allowed`, {
          bearer: token,
          json: { subject: 'admin', action: 'get', resource: 'rn:hydra:clients' },
        }),
    ],
    ['an admin request', () => send(`${product.adminUrl}/clients`, { bearer: token })],
    [
      'an authorization request',
      () =>
        send(
          `${product.publicUrl}/oauth2/auth?client_id=admin&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A4445%2Fcallback`,
        ),
    ],
  ];

  it('answers 503 to everything that needs it, grants nothing, and says that it is not ready', async () => {
    for (const [name, request] of requests) expect((await request()).status, `${name}, before`).toBeLessThan(400);
    await proxy.cut();
    for (const [name, request] of requests) {
      const answer = await request();
      expect(answer.status, `${name}: ${answer.text}`).toBe(503);
      expect(answer.headers['retry-after'], name).toBeDefined();
      expect(answer.text, name).not.toMatch(/ECONN|127\.0\.0\.1|postgres|stack|"active":true|"allowed":true/);
    }
    expect((await send(`${product.publicUrl}/health/alive`)).status).toBe(200);
    expect((await send(`${product.publicUrl}/health/ready`)).status).toBe(503);
  });

  it('is right again without hands once the database is back', async () => {
    await proxy.mend();
    const deadline = Date.now() + 10_000;
    for (;;) {
      const ready = await send(`${product.publicUrl}/health/ready`);
      if (ready.status === 200) break;
      expect(Date.now(), 'ready within ten seconds').toBeLessThan(deadline);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const [name, request] of requests) {
      const answer = await request();
      expect(answer.status, `${name}: ${answer.text}`).toBeLessThan(400);
    }
  });
});
