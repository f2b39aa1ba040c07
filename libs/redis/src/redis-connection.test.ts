import { afterEach, describe, expect, it, vi } from 'vitest';
import { openRedis, type RedisClient, type RedisTarget } from './redis-connection.js';
import { createRedisProcesses, type RedisProcesses } from './testing/redis-processes.js';

let processes: RedisProcesses;
const opened: RedisClient[] = [];

function open(target: RedisTarget): RedisClient {
  const client = openRedis(target, () => undefined);
  opened.push(client);
  return client;
}

async function ready(client: RedisClient): Promise<void> {
  await vi.waitUntil(() => client.status === 'ready', { timeout: 60_000 });
}

/** Whether a value that is written can be read, in the words of the decision cache. */
async function keeps(client: RedisClient, key: string): Promise<boolean> {
  try {
    await client.set(key, 'kept', 'PX', 60_000);
    return (await client.getrangeBuffer(key, 0, 10)).toString() === 'kept';
  } catch {
    return false;
  }
}

afterEach(async () => {
  for (const client of opened.splice(0)) client.disconnect();
  await processes.close();
});

describe('Redis behind Sentinels', () => {
  it('is found through any of them, with its password, and again after a failover', async () => {
    processes = createRedisProcesses();
    const secured = ['masterauth hunter2'];
    const first = await processes.start('server', secured, 'hunter2');
    const replica = [...secured, `replicaof 127.0.0.1 ${first.port}`];
    const second = await processes.start('server', replica, 'hunter2');
    await vi.waitUntil(async () => (await second.client.info('replication')).includes('master_link_status:up'), {
      timeout: 60_000,
    });
    const sentinel = await processes.start(
      'sentinel',
      [
        `sentinel monitor decisions 127.0.0.1 ${first.port} 1`,
        'sentinel auth-pass decisions hunter2',
        'sentinel down-after-milliseconds decisions 300',
        'sentinel failover-timeout decisions 1000',
      ],
      'guarded',
    );
    await vi.waitUntil(
      async () =>
        JSON.stringify(await sentinel.client.call('sentinel', 'replicas', 'decisions')).includes(`${second.port}`),
      {
        timeout: 60_000,
      },
    );
    const client = open({
      url: 'redis://:hunter2@127.0.0.1:1/0',
      mode: 'sentinel',
      nodes: [`127.0.0.1:${sentinel.port}`],
      group: 'decisions',
      sentinelPassword: 'guarded',
    });
    await ready(client);
    expect(await keeps(client, 'before')).toBe(true);
    expect(await first.client.get('before')).toBe('kept');

    await first.kill();
    await vi.waitUntil(async () => keeps(client, 'after'), { timeout: 60_000, interval: 100 });
    expect(await second.client.get('after')).toBe('kept');
  }, 300_000);
});

describe('a Redis Cluster', () => {
  it('is found through any node, and keeps values on all of them', async () => {
    processes = createRedisProcesses();
    const settings = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-require-full-coverage no'];
    const nodes = [
      await processes.start('server', [...settings, 'cluster-config-file one.conf']),
      await processes.start('server', [...settings, 'cluster-config-file two.conf']),
    ] as const;
    const [one, two] = nodes;
    await one.client.call('cluster', 'addslotsrange', '0', '8191');
    await two.client.call('cluster', 'addslotsrange', '8192', '16383');
    await one.client.call('cluster', 'meet', '127.0.0.1', String(two.port));
    for (const node of nodes) {
      await vi.waitUntil(
        async () => {
          const info = String(await node.client.call('cluster', 'info'));
          return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2');
        },
        { timeout: 60_000, interval: 50 },
      );
    }
    const client = open({ url: `redis://127.0.0.1:${two.port}`, mode: 'cluster', nodes: ['127.0.0.1:1'] });
    await ready(client);
    const keys = Array.from({ length: 64 }, (_, index) => `castellan:decision:${index}`);
    expect(await Promise.all(keys.map((key) => keeps(client, key)))).toEqual(keys.map(() => true));
    for (const node of nodes) expect(await node.client.dbsize()).toBeGreaterThan(0);

    // What the lost node kept is a miss; the other one goes on.
    const left = await one.client.keys('*');
    await two.kill();
    await vi.waitUntil(async () => (await Promise.all(left.map((key) => keeps(client, key)))).every(Boolean), {
      timeout: 60_000,
      interval: 50,
    });
    const lost = keys.find((key) => !left.includes(key)) ?? '';
    const startedAt = performance.now();
    expect(await keeps(client, lost)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  }, 300_000);
});

describe('Redis by itself', () => {
  it('is used again once it lets us in again', async () => {
    processes = createRedisProcesses();
    const server = await processes.start('server', []);
    const client = open({ url: `redis://127.0.0.1:${server.port}/0` });
    await ready(client);
    const errors: string[] = [];
    client.on('error', (error: Error) => errors.push(error.message));
    await server.client.config('SET', 'requirepass', 'hunter2');
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await vi.waitUntil(() => errors.some((message) => message.includes('NOAUTH')), { timeout: 60_000 });
    expect(await keeps(client, 'refused')).toBe(false);
    await server.client.config('SET', 'requirepass', '');
    await vi.waitUntil(async () => keeps(client, 'let in'), { timeout: 60_000, interval: 100 });
  });
});
