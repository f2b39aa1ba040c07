import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CuttableProxy, startCuttableProxy } from '../cuttable-proxy.js';
import { send } from '../http.js';
import { freePorts } from '../ports.js';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, rootToken, startProduct } from '../product.js';
import { brokenPromises } from './history.js';
import { prepareTraffic, recovery, startTraffic } from './traffic.js';

describe('outages of what the product stands on', () => {
  let database: ProductDatabase;
  let proxy: CuttableProxy;
  let redis: ChildProcess;
  let product: Product;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    const url = new URL(database.url);
    const [port = 0, redisPort = 0] = await freePorts(2);
    proxy = await startCuttableProxy(port, { host: url.hostname, port: Number(url.port) });
    url.port = String(port);
    redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', ''], {
      stdio: 'ignore',
    });
    product = await startProduct({
      mode: 'host',
      databaseUrl: url.href,
      env: { REDIS_URL: `redis://127.0.0.1:${redisPort}`, WARDEN_CACHE_MINIMUM_POLICIES: '0' },
    });
    await prepareTraffic(product);
  });
  afterAll(async () => {
    await product?.stop();
    redis?.kill('SIGKILL');
    await proxy?.close();
    await database?.drop();
  });

  it('F-06 I-01 I-02 I-06 I-13 the database goes and comes back, five times, under traffic', async () => {
    const traffic = startTraffic(product, 4);
    for (let count = 0; count < 5; count++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1_000));
      await proxy.mend();
      expect(await recovery(product, 10_000)).toBeLessThan(10_000);
    }
    const { history, odd } = await traffic.stop();
    expect(history.some(({ result }) => result === 'done')).toBe(true);
    expect(brokenPromises(history)).toEqual([]);
    expect(odd).toEqual([]);
  });

  it('F-18 I-03 a Redis that hangs costs time and changes no decision', async () => {
    const bearer = await rootToken(product);
    const ask = async (): Promise<unknown> => {
      const json = { subject: 'peter', action: 'read', resource: 'thing' };
      return JSON.parse((await send(`${product.adminUrl}/warden/allowed`, { bearer, json })).text);
    };
    const policy = { id: 'hung', subjects: ['peter'], effect: 'allow', resources: ['thing'], actions: ['read'] };
    expect(await ask()).toEqual({ allowed: false });
    redis.kill('SIGSTOP');
    try {
      expect((await send(`${product.adminUrl}/policies`, { bearer, json: policy })).status).toBe(201);
      const startedAt = performance.now();
      for (let count = 0; count < 50; count++) expect(await ask()).toEqual({ allowed: true });
      // Three lookups time out, then nothing is sent for a second.
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect((await send(`${product.adminUrl}/policies/hung`, { bearer, method: 'DELETE' })).status).toBe(204);
      expect(await ask()).toEqual({ allowed: false });
    } finally {
      redis.kill('SIGCONT');
    }
    expect(await ask()).toEqual({ allowed: false });
  });

  it('F-20 I-16 clocks that differ by five minutes break neither logins nor revocations', async () => {
    for (const seconds of [300, -300]) {
      for (const schema of ['keys', 'warden', 'token']) {
        await database.query(
          `CREATE OR REPLACE FUNCTION ${schema}.castellan_now() RETURNS timestamptz LANGUAGE sql VOLATILE
             AS $$SELECT clock_timestamp() + interval '${seconds} seconds'$$`,
        );
      }
      const traffic = startTraffic(product, 2, seconds);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      const { history, odd } = await traffic.stop();
      expect(
        history.some(({ kind, result }) => kind === 'revoke' && result === 'done'),
        String(seconds),
      ).toBe(true);
      expect(brokenPromises(history)).toEqual([]);
      expect(odd).toEqual([]);
    }
  });
});
