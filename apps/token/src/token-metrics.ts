import type { OutboxStore, StoredAuthorizationCode, StoredRefreshToken, TokenStore } from '@castellan/oauth2';
import { clientSecretUses, type Database, type PartitionKeeper, sessionSecretUses } from '@castellan/postgres';
import { watchPool, type Metrics } from '@castellan/service';

/**
 * The same store, which also counts what an operator must hear of: single-use things that come a second time, and races
 * for one. Both happen without malice (a double click, a lost answer); many of them do not.
 */
export function countBurns(store: TokenStore, metrics: Metrics): TokenStore {
  function seen<T extends StoredAuthorizationCode | StoredRefreshToken>(
    kind: 'authorization_code' | 'refresh_token',
    found: T | undefined,
  ): T | undefined {
    if (found?.state === 'used') metrics.countReuse(kind);
    return found;
  }
  return {
    ...store,
    findAuthorizationCode: async (key) => seen('authorization_code', await store.findAuthorizationCode(key)),
    findRefreshToken: async (key) => seen('refresh_token', await store.findRefreshToken(key)),
    async consumeAuthorizationCode(burn) {
      const outcome = await store.consumeAuthorizationCode(burn);
      if (outcome === 'lost') metrics.countBurnConflict('authorization_code');
      return outcome;
    },
    async rotateRefreshToken(burn) {
      const outcome = await store.rotateRefreshToken(burn);
      if (outcome === 'lost') metrics.countBurnConflict('refresh_token');
      return outcome;
    },
  };
}

/** Watches the pool and the partitions: how many there are, and how long the oldest dead row outlives its time. */
export function watchTokenDatabase(metrics: Metrics, database: Database, keeper: PartitionKeeper): void {
  watchPool(metrics, 'token', database.pool);
  metrics.watch({
    name: 'castellan_partitions',
    help: 'Partitions of a table of tokens.',
    labels: ['table'],
    read: async () => (await keeper.state()).map(({ table, partitions }) => ({ labels: { table }, value: partitions })),
  });
  metrics.watch({
    name: 'castellan_oldest_dead_row_seconds',
    help: 'How long ago the oldest partition that is still there should have been dropped; 0 when none should.',
    labels: ['table'],
    read: async () =>
      (await keeper.state()).map(({ table, overdueSeconds }) => ({ labels: { table }, value: overdueSeconds })),
  });
}

/** Watches the outbox: what waits, what was given up, and for how long the oldest of each has been there. */
export function watchOutbox(metrics: Metrics, outbox: OutboxStore): void {
  const labels = ['kind', 'state'];
  metrics.watch({
    name: 'castellan_outbox_messages',
    help: 'Messages of the outbox, by kind and state.',
    labels,
    read: async () =>
      (await outbox.counts()).map(({ kind, state, messages: value }) => ({ labels: { kind, state }, value })),
  });
  metrics.watch({
    name: 'castellan_outbox_oldest_seconds',
    help: 'Age of the oldest message of the outbox, by kind and state.',
    labels,
    read: async () =>
      (await outbox.counts()).map(({ kind, state, oldestMs }) => ({ labels: { kind, state }, value: oldestMs / 1000 })),
  });
}

const secretUsesEveryMs = 5 * 60_000;

/** Answers again what was read before, for so many milliseconds; what fails is read again. */
function atMostEvery<T>(milliseconds: number, now: () => number, read: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: Promise<T>; readonly until: number } | undefined;
  return () => {
    if (known !== undefined && now() < known.until) return known.value;
    const value = read();
    known = { value, until: now() + milliseconds };
    value.catch(() => (known = undefined));
    return value;
  };
}

/**
 * Watches how many rows hang on each system secret, by the key ID of what is derived from it for this service. `now` is a
 * monotonic clock in milliseconds.
 */
export function watchSecretUses(
  metrics: Metrics,
  database: Database,
  now: () => number = () => performance.now(),
): void {
  metrics.watch({
    name: 'castellan_token_secret_rows',
    help: 'Rows that need a secret, by its key ID: client secrets (empty: made before verifiers named it) and grants.',
    labels: ['table', 'secret'],
    // Counting reads every live grant: once in a while is enough to follow a rotation of months.
    read: atMostEvery(secretUsesEveryMs, now, async () => {
      const uses = { client: await clientSecretUses(database), family: await sessionSecretUses(database) };
      return Object.entries(uses).flatMap(([table, rows]) =>
        [...rows].map(([secret, value]) => ({ labels: { table, secret }, value })),
      );
    }),
  });
}
