import { type KeyStore, ownSets } from '@castellan/jwk';
import type { Database } from '@castellan/postgres';
import { watchPool, type Metrics } from '@castellan/service';

/** What is watched of a key manager. */
export type WatchedKeys = {
  readonly database: Database;
  readonly store: KeyStore;
  /** How many things are wrong with the system secret without being fatal. */
  readonly secretWarnings: number;
};

/** Watches the pool, the age of the keys that sign, and whether the system secret is a weak one. */
export function watchKeys(metrics: Metrics, { database, store, secretWarnings }: WatchedKeys): void {
  watchPool(metrics, 'keys', database.pool);
  metrics.watch({
    name: 'castellan_system_secret_warnings',
    help: 'Weaknesses of the system secret: too short, or a known sample.',
    labels: [],
    read: () => [{ labels: {}, value: secretWarnings }],
  });
  metrics.watch({
    name: 'castellan_signing_key_age_seconds',
    help: 'Age of the newest key of each set that the product signs with.',
    labels: ['set'],
    read: async () => {
      const ages = await Promise.all(
        ownSets.map(async ({ set }) => ({ set, age: await ageOfNewest(database, store, set) })),
      );
      return ages.flatMap(({ set, age }) => (age === undefined ? [] : [{ labels: { set }, value: age }]));
    },
  });
}

async function ageOfNewest(database: Database, store: KeyStore, set: string): Promise<number | undefined> {
  const { keys } = await store.readSet(set);
  if (keys.length === 0) return undefined;
  const newest = Math.max(...keys.map(({ createdAt }) => createdAt.getTime()));
  return Math.max(0, Math.round((database.now() - newest) / 1000));
}
