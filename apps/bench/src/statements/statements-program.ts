// The product's own token store over PostgreSQL: inserts or look-ups, with the statements that it sends counted.
import { randomBytes } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import {
  createSessionSeal,
  defaultLifetimes,
  type NewAccessToken,
  type RowKey,
  type TokenStore,
} from '@castellan/oauth2';
import {
  bucketOf,
  createPartitionKeeper,
  createTokenStore,
  openDatabase,
  tokenPartitionedTables,
} from '@castellan/postgres';
import { readInput } from '../load/input.js';
import { Tally } from '../load/tally.js';
import type { StatementFigures, StatementTask } from './statements.js';

const task = JSON.parse(await readInput()) as StatementTask;
const hourSeconds = 3600;
const database = await openDatabase({ url: task.databaseUrl, component: 'token' });
const keeper = createPartitionKeeper(database, tokenPartitionedTables(defaultLifetimes));
await keeper.makeAhead();
const sessions = createSessionSeal({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], randomBytes });
const stores = Array.from({ length: task.stores }, () => createTokenStore(database, keeper, sessions));
const bucket = bucketOf(Date.now() + hourSeconds * 1000, hourSeconds);
const [client] = await database.query<{ uid: string; id: string; revision: number }>(
  'bench.client',
  "SELECT uid, id, revision::int AS revision FROM token.client WHERE id = 'bench-client'",
);
if (client === undefined) throw new Error('there is no client');
const known: RowKey[] = [];
for (let count = 0; count < 256; count++) known.push(await insert(stores[0]));

let statements = 0;
tracingChannel('castellan:sql').subscribe({
  start: () => void statements++,
  end: () => undefined,
  asyncStart: () => undefined,
  asyncEnd: () => undefined,
  error: () => undefined,
});
await workFor(task.seconds / 2);
statements = 0;
const tally = new Tally();
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await workFor(task.seconds, tally);
const seconds = (performance.now() - startedAt) / 1000;
const cpu = process.cpuUsage(cpuBefore);
const { completed, p50Ms, p99Ms } = tally.result(seconds, 0);
const figures: StatementFigures = {
  perSecond: completed / seconds,
  p50Ms,
  p99Ms,
  clientUs: (cpu.user + cpu.system) / completed,
  calls: completed,
  statements,
};
process.stdout.write(JSON.stringify(figures));
await database.close();

async function workFor(some: number, counted?: Tally): Promise<void> {
  const until = performance.now() + some * 1000;
  await Promise.all(
    Array.from({ length: task.concurrency }, async (_, number) => {
      const store = stores[number % stores.length];
      for (let turn = number; performance.now() < until; turn++) {
        const since = performance.now();
        if (task.work === 'insert') await insert(store);
        else await find(store, turn);
        counted?.succeed(since);
      }
    }),
  );
}

async function insert(store: TokenStore | undefined): Promise<RowKey> {
  const { uid = '', id = '', revision = 0 } = client ?? {};
  const key: RowKey = { bucket, id: randomBytes(24).toString('base64url') };
  const token: NewAccessToken = {
    key,
    grant: { clientUid: uid, clientId: id, subject: id, scopes: ['bench'], audience: [], accessTokenExtra: {} },
    lifetimeMs: hourSeconds * 1000,
  };
  if ((await store?.insertClientAccessToken(token, revision)) !== true) throw new Error('the token was not stored');
  return key;
}

async function find(store: TokenStore | undefined, turn: number): Promise<void> {
  const key = known[turn % known.length];
  if (key === undefined || (await store?.findActiveAccessToken(key)) === undefined) throw new Error('no such token');
}
