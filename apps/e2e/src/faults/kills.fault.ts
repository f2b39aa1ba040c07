import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, startProduct } from '../product.js';
import { brokenPromises } from './history.js';
import { prepareTraffic, recovery, startTraffic } from './traffic.js';

/** Kills of the run; CASTELLAN_FAULT_KILLS=200 is the long one. */
const kills = Number(process.env['CASTELLAN_FAULT_KILLS'] ?? '10');

// F-01, F-04: SIGKILL of any replica at any moment of its work, under logins, redemptions and revocations.
describe('F-01 F-04 replicas are killed at random moments', () => {
  let database: ProductDatabase;
  let product: Product;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    product = await startProduct({ mode: 'replicas', databaseUrl: database.url });
    await prepareTraffic(product);
  });
  afterAll(async () => {
    await product?.stop();
    await database?.drop();
  });

  it('I-01 I-02 I-06 I-13 a code buys once, revoked is revoked, errors fail closed, and what is left serves on', async () => {
    const traffic = startTraffic(product, 4);
    for (let count = 0; count < kills; count++) {
      // Both replicas of a service in turn, each service in turn; the moment within the work is chance.
      const replica = product.replicas[(count * 3) % product.replicas.length];
      await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 700));
      await replica?.stop('SIGKILL');
      expect(await recovery(product, 5_000)).toBeLessThan(5_000);
      await replica?.restart();
    }
    const { history, odd } = await traffic.stop();
    expect(history.filter(({ result }) => result === 'done').length).toBeGreaterThan(kills);
    expect(brokenPromises(history)).toEqual([]);
    expect(odd).toEqual([]);
  });
});
