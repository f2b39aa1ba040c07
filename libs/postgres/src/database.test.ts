import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Database, openDatabase } from './database.js';
import { createTestDatabase, type TestDatabase } from './testing.js';

describe('connections that are lost or lead nowhere', () => {
  let test: TestDatabase;
  let network: Network;
  let database: Database;

  beforeAll(async () => {
    test = await createTestDatabase('token');
    const url = new URL(test.url);
    network = await startNetwork({ host: url.hostname, port: Number(url.port) });
    url.port = String(network.port);
    database = await openDatabase({ url: url.href, component: 'token', poolSize: 3, answerTimeoutMs: 300 });
  });
  afterAll(async () => {
    network?.carry();
    await database?.close();
    network?.close();
    await test?.drop();
  });

  it('a connection that is lost in a transaction fails that transaction, and not the process', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    const work = database.transaction(async (client) => {
      ended = new Promise((resolve) => client.once('end', resolve));
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await test.database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      // Between two statements, where nobody waits for the connection; without a listener its error ends the process.
      await ended;
      expect(client.listenerCount('error')).toBeGreaterThan(0);
      await client.query('SELECT 1');
    });
    await expect(work).rejects.toThrow(/not queryable/);
    expect((await database.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('a statement without an answer is given up with its connection, and the next one gets another', async () => {
    await Promise.all([1, 2, 3].map(() => database.pool.query('SELECT 1 AS one')));
    expect(database.pool.idleCount).toBeGreaterThan(1);
    network.swallow();
    await expect(database.query('swallowed', 'SELECT 1 AS one')).rejects.toThrow('Query read timeout');
    // Those at rest are suspected, too: each of them would cost as long a wait.
    await expect.poll(() => database.pool.idleCount).toBe(0);
    network.carry();
    const again = () => database.query('carried', 'SELECT 1 AS one').catch(() => undefined);
    await expect.poll(again, { timeout: 20_000 }).toEqual([{ one: 1 }]);
  });

  it('migrations have no limit of time, and serving has', async () => {
    const limitOf = async (isUnlimited: boolean): Promise<unknown> => {
      const source = await connect({ url: test.url, component: 'token', poolSize: 1, isUnlimited });
      const rows: { limit: string }[] = await source.query(`SELECT current_setting('statement_timeout') AS limit`);
      await source.destroy();
      return rows[0]?.limit;
    };
    expect([await limitOf(true), await limitOf(false)]).toEqual(['0', '15s']);
  });
});

/** A network between the product and its database that can swallow what it carries, and end nothing. */
type Network = { readonly port: number; swallow(): void; carry(): void; close(): void };

async function startNetwork(target: { host: string; port: number }): Promise<Network> {
  let swallows = false;
  const lost = new Set<net.Socket>();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
      from.on('data', (bytes) => {
        // What was swallowed once leads nowhere for good.
        if (swallows) lost.add(near);
        if (!lost.has(near)) to.write(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    swallow: () => void (swallows = true),
    carry: () => void (swallows = false),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
