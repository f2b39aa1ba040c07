import type pg from 'pg';
import type { Database } from './database.js';
import { advisoryLocks } from './advisory-locks.js';

/** A table partitioned by ranges of its integer column `bucket`, one partition per value. */
export type PartitionedTable = {
  /** Name inside the component's schema. */
  readonly table: string;
  /** What a bucket counts: so many seconds since the epoch of `expires_at`. */
  readonly bucketSeconds: number;
  /** The longest lifetime that is configured, in milliseconds: partitions are made that far ahead. */
  readonly longestLifetimeMs: number;
};

/** Makes partitions before they are needed and drops those whose rows have all expired. */
export type PartitionKeeper = {
  /** Makes every partition from now to the longest lifetime ahead. */
  makeAhead(): Promise<void>;
  /** Makes the partition of one bucket on demand, when a row found none. */
  ensure(table: string, bucket: number): Promise<void>;
  /** Drops partitions whose last row expired more than an hour ago; answers their names. */
  sweep(): Promise<readonly string[]>;
  /** What is there now, per table. */
  state(): Promise<readonly PartitionState[]>;
};

/** The partitions of one table, and how many seconds ago the oldest of them should have been dropped (0: none should). */
export type PartitionState = { readonly table: string; readonly partitions: number; readonly overdueSeconds: number };

/** Partitions made ahead at most, per table: beyond, they are made on demand. */
const MOST_AHEAD = 60;
/** How long a partition outlives the end of its bucket. */
const GRACE_SECONDS = 3600;

/** Keeps the partitions of a component's tables (rulings 16). Safe on several replicas at once. */
export function createPartitionKeeper(database: Database, tables: readonly PartitionedTable[]): PartitionKeeper {
  const schema = database.component;

  async function databaseNow(): Promise<number> {
    const rows = await database.query<{ now: Date }>(`${schema}.now`, `SELECT ${schema}.castellan_now() AS now`);
    const now = rows[0]?.now ?? new Date(Number.NaN);
    database.observeClock(now);
    return now.getTime();
  }

  async function existing(table: string): Promise<readonly { name: string; bucket: number; detaching: boolean }[]> {
    const rows = await database.query<{ name: string; detaching: boolean }>(
      'partitions.list',
      `SELECT child.relname AS name, link.inhdetachpending AS detaching
         FROM pg_inherits link
         JOIN pg_class child ON child.oid = link.inhrelid
        WHERE link.inhparent = $1::regclass`,
      [`${schema}.${table}`],
    );
    return rows.map((row) => ({ ...row, bucket: Number(row.name.slice(table.length + 1)) }));
  }

  async function make(client: pg.PoolClient, table: string, bucket: number): Promise<void> {
    const name = `${schema}.${table}_${bucket}`;
    const present = await client.query(`SELECT to_regclass($1) IS NOT NULL AS present`, [name]);
    if (present.rows[0]?.present === true) return;
    // ATTACH takes a weaker lock on the parent than CREATE ... PARTITION OF: reading and writing go on.
    await client.query(`CREATE TABLE ${name} (LIKE ${schema}.${table} INCLUDING ALL)`);
    await client.query(
      `ALTER TABLE ${schema}.${table} ATTACH PARTITION ${name} FOR VALUES FROM (${bucket}) TO (${bucket + 1})`,
    );
  }

  async function makeAll(wanted: readonly { table: string; bucket: number }[]): Promise<void> {
    if (wanted.length === 0) return;
    await database.transaction(async (client) => {
      await client.query(`SET LOCAL lock_timeout = '5s'`);
      await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLocks.partitions]);
      for (const { table, bucket } of wanted) await make(client, table, bucket);
    });
  }

  async function drop(table: string, name: string, detaching: boolean): Promise<void> {
    const client = await database.pool.connect();
    try {
      await client.query(`SET lock_timeout = '2s'`);
      await client.query(
        `ALTER TABLE ${schema}.${table} DETACH PARTITION ${schema}.${name} ${detaching ? 'FINALIZE' : 'CONCURRENTLY'}`,
      );
      await client.query(`DROP TABLE ${schema}.${name}`);
    } finally {
      await client.query('RESET lock_timeout').catch(() => undefined);
      client.release();
    }
  }

  return {
    async makeAhead() {
      const now = await databaseNow();
      const wanted: { table: string; bucket: number }[] = [];
      for (const { table, bucketSeconds, longestLifetimeMs } of tables) {
        const present = new Set((await existing(table)).map((partition) => partition.bucket));
        const first = bucketOf(now, bucketSeconds);
        // One more than the lifetime needs, so that the next hour's rows find theirs before the keeper comes again.
        const last = Math.min(bucketOf(now + longestLifetimeMs, bucketSeconds) + 1, first + MOST_AHEAD);
        for (let bucket = first; bucket <= last; bucket++) if (!present.has(bucket)) wanted.push({ table, bucket });
      }
      await makeAll(wanted);
    },

    async ensure(table, bucket) {
      if (!tables.some((known) => known.table === table)) throw new Error(`no partitioned table ${table}`);
      if (!Number.isSafeInteger(bucket)) throw new Error('a bucket is an integer');
      await makeAll([{ table, bucket }]);
    },

    async sweep() {
      const now = await databaseNow();
      const dropped: string[] = [];
      for (const { table, bucketSeconds } of tables)
        for (const { name, bucket, detaching } of await existing(table)) {
          const over = ((bucket + 1) * bucketSeconds + GRACE_SECONDS) * 1000 < now;
          if (!over && !detaching) continue;
          await drop(table, name, detaching);
          dropped.push(name);
        }
      return dropped;
    },

    async state() {
      const now = await databaseNow();
      const states: PartitionState[] = [];
      for (const { table, bucketSeconds } of tables) {
        const present = await existing(table);
        const oldest = Math.min(...present.map(({ bucket }) => bucket));
        const overdue = now / 1000 - ((oldest + 1) * bucketSeconds + GRACE_SECONDS);
        states.push({
          table,
          partitions: present.length,
          overdueSeconds: present.length === 0 ? 0 : Math.max(0, Math.round(overdue)),
        });
      }
      return states;
    },
  };
}

/** The bucket of an instant: whole units since the epoch. */
export function bucketOf(milliseconds: number, bucketSeconds: number): number {
  return Math.floor(milliseconds / 1000 / bucketSeconds);
}
