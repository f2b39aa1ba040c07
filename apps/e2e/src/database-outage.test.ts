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

  it('answers 503 to what a read-only database cannot keep, as after a failover, and goes on reading', async () => {
    // Revoked before; what is revoked already needs no write.
    spare = await rootToken(product);
    const kept = ['introspection', 'an access request', 'an admin request'];
    const name = new URL(database.url).pathname.slice(1);
    const connectAgain = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    await database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await database.query(connectAgain);
    for (const [what, request] of requests) {
      // Until the last connection has ended there may be other answers, but no fault.
      const seen = new Set<number>();
      const ask = async (): Promise<number> => {
        const { status } = await request();
        seen.add(status);
        return status;
      };
      const expected = kept.includes(what) ? 200 : 503;
      await expect.poll(ask, { timeout: 20_000, message: what }).toBe(expected);
      expect(
        [...seen].filter((status) => status !== 200 && status !== 503),
        what,
      ).toEqual([]);
    }
    await database.query(`BEGIN READ WRITE; ALTER DATABASE ${name} RESET default_transaction_read_only; COMMIT`);
    await database.query(connectAgain);
    for (const [what, request] of requests)
      await expect
        .poll(async () => (await request()).status, { timeout: 20_000, message: what })
        .toBe(what === 'an authorization request' ? 302 : 200);
  });
});
