import { tracingChannel } from 'node:diagnostics_channel';
import { DataSource } from 'typeorm';
import pg from 'pg';
import { keysMigrations } from './keys/migrations.js';
import { keysTables } from './keys/tables.js';
import { tokenMigrations } from './token/migrations.js';
import { tokenTables } from './token/tables.js';
import { wardenMigrations } from './warden/migrations.js';
import { wardenTables } from './warden/tables.js';
import { connectionOptions } from './database-url.js';
import { isSilence } from './outage.js';

/** The three components that own a schema each; the schema has the component's name. */
export const components = ['keys', 'warden', 'token'] as const;
export type Component = (typeof components)[number];

/** What each component keeps: its tables and the migrations that made them. */
export const schemas = {
  keys: { tables: keysTables, migrations: keysMigrations },
  warden: { tables: wardenTables, migrations: wardenMigrations },
  token: { tables: tokenTables, migrations: tokenMigrations },
} as const;

/** PostgreSQL before this major version is refused (rulings 1). */
const OLDEST_MAJOR = 14;

/** The database cannot serve: too old, unmigrated or unreachable. The message says what to do. */
export class DatabaseError extends Error {
  override name = 'DatabaseError';

  constructor(
    message: string,
    options?: ErrorOptions,
    readonly reason: 'unreachable' | 'too-old' | 'unmigrated' | 'newer' = 'unreachable',
  ) {
    super(message, options);
  }
}

/** One component's connection to PostgreSQL. */
export type Database = {
  readonly component: Component;
  /** TypeORM: mapping and migrations, and the admin statements that are not hot. */
  readonly dataSource: DataSource;
  /** The pool under TypeORM, for hand-written statements. */
  readonly pool: pg.Pool;
  /** Runs a named prepared statement in a transaction of its own and answers the rows. */
  query<Row>(name: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs `work` between BEGIN and COMMIT on one connection; ROLLBACK when it throws. */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** The database clock as last observed, milliseconds since the epoch (rulings 15). */
  now(): number;
  /** Takes note of the database clock, as a statement just answered it. */
  observeClock(databaseNow: Date): void;
  /** Answers when the database does; throws otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/** What is needed to open a component's database. */
export type DatabaseOptions = {
  readonly url: string;
  readonly component: Component;
  /** Connections at most; default 10. */
  readonly poolSize?: number;
  /** Milliseconds to wait for the server to answer; default 120 000 as the original. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds after which a statement of `query` is given up, because its connection may lead nowhere; default 8 000. */
  readonly answerTimeoutMs?: number;
  /** Statements may take as long as they want: those of migrations. */
  readonly isUnlimited?: boolean;
  /** Told each time the server did not answer and is tried again. */
  readonly onRetry?: (message: string) => void;
};

/**
 * What each connection is told when it is made, not as parameters of its start, which PgBouncer refuses. Statements are
 * planned by indexes, row by row: each finds its rows by a key, and its plan is kept. A plan that was made while a table
 * was empty, as the partition of a new hour is, would otherwise read the whole table for each batch until the server takes
 * notice of what came in, which may be a minute and a million rows later. Compiling plans costs more than any of them.
 */
const settings = `
  SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '15s';
  SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off`;

/**
 * A connection may lead nowhere without an end of it: a machine that is gone, a network that drops packets. Only the time
 * without an answer tells. Any statement gets a little more than the server gives it; hot ones, which take milliseconds, less.
 */
const LONGEST_ANSWER_MS = 17_000;
const HOT_ANSWER_MS = 8_000;
const ROLLBACK_ANSWER_MS = 1_000;

/** Makes the TypeORM data source of a component without connecting it. */
export function createDataSource(options: DatabaseOptions): DataSource {
  const schema = schemas[options.component];
  return new DataSource({
    type: 'postgres',
    // Said here, since TypeORM would look for it at run time, where a program that is joined into one file has no packages.
    driver: pg,
    ...connectionOptions(options.url),
    applicationName: `castellan-${options.component}`,
    schema: options.component,
    entities: [...schema.tables],
    migrations: [...schema.migrations],
    migrationsTableName: 'migration',
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 5_000,
    installExtensions: false,
    logging: false,
    extra: {
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      ...(options.isUnlimited === true ? {} : { query_timeout: LONGEST_ANSWER_MS }),
      onConnect: async (client: pg.PoolClient) => {
        // A connection that is lost fails its statement, and says so once more to whom it may concern: to nobody here, and
        // an error without a listener ends the process.
        client.on('error', () => undefined);
        if (options.isUnlimited !== true) await client.query(settings);
      },
    },
  });
}

/** Connects, trying again with back-off while the server does not answer. Throws DatabaseError when time is up. */
export async function connect(options: DatabaseOptions): Promise<DataSource> {
  const deadline = Date.now() + (options.connectTimeoutMs ?? 120_000);
  for (let wait = 100; ; wait = Math.min(wait * 2, 5_000)) {
    const dataSource = createDataSource(options);
    try {
      await dataSource.initialize();
      await refuseOldServer(dataSource);
      return dataSource;
    } catch (cause) {
      if (dataSource.isInitialized) await dataSource.destroy();
      if (cause instanceof DatabaseError || !isTransient(cause)) throw explained(cause);
      if (Date.now() + wait > deadline) throw explained(cause);
      options.onRetry?.(`Could not connect to the database (${explained(cause).message}); trying again`);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** Opens the database of a component for serving. Refuses a schema that is not migrated. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const dataSource = await connect(options);
  try {
    await refuseUnmigrated(dataSource, options.component);
  } catch (cause) {
    await dataSource.destroy();
    throw cause;
  }
  return serve(dataSource, options);
}

const statements = tracingChannel<unknown, object>('castellan:sql');

/** Says on a diagnostics channel which statement runs, by name; does nothing but run it while nobody listens. */
function traced<T>(name: string, component: Component, run: () => Promise<T>): Promise<T> {
  return statements.start.hasSubscribers ? statements.tracePromise(run, { name, component }) : run();
}

function serve(dataSource: DataSource, { component, answerTimeoutMs = HOT_ANSWER_MS }: DatabaseOptions): Database {
  const pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
  // Offset of the database clock against the monotonic one, so that a jump of the process clock changes nothing.
  let offset = Date.now() - performance.now();

  /**
   * What made one connection lead nowhere may have done so to all, and each would be found by waiting again: those at rest
   * are closed.
   */
  function suspectAll(cause: unknown): void {
    if (!isSilence(cause)) return;
    for (let count = pool.idleCount; count > 0; count--)
      pool.connect().then(
        (client) => client.release(true),
        () => undefined,
      );
  }

  async function transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (cause) {
      suspectAll(cause);
      // `query_timeout` is the driver's, and missing in its types.
      const rollback = { text: 'ROLLBACK', query_timeout: ROLLBACK_ANSWER_MS };
      await client.query(rollback).catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      });
      throw cause;
    } finally {
      client.release(broken);
    }
  }

  return {
    component,
    dataSource,
    pool,
    async query<Row>(name: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
      const statement = { name, text, values: [...values], query_timeout: answerTimeoutMs };
      try {
        const result = await traced(name, component, () => pool.query(statement));
        return result.rows as Row[];
      } catch (cause) {
        suspectAll(cause);
        throw cause;
      }
    },
    transaction: (work) => traced('transaction', component, () => transaction(work)),
    now: () => performance.now() + offset,
    observeClock(databaseNow) {
      offset = databaseNow.getTime() - performance.now();
    },
    async ping() {
      await pool.query('SELECT 1');
    },
    async close() {
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
}

async function refuseOldServer(dataSource: DataSource): Promise<void> {
  const rows: { version: string; number: string }[] = await dataSource.query(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
  );
  const refusal = rows[0] === undefined ? undefined : refusedServer(rows[0].version, Number(rows[0].number));
  if (refusal !== undefined) throw new DatabaseError(refusal, {}, 'too-old');
}

/** Why a server of that `server_version` and `server_version_num` cannot be used; undefined when it can. */
export function refusedServer(version: string, number: number): string | undefined {
  return number >= OLDEST_MAJOR * 10_000
    ? undefined
    : `PostgreSQL ${version} is too old: version ${OLDEST_MAJOR} or newer is needed`;
}

/**
 * Migrations only add, so that the release before runs on the newer schema, during an upgrade and after going back. One that
 * takes away what no release needs any more but older ones do is named so, and is what older ones refuse.
 */
const CONTRACTING = /^Contract/;

/** Refuses a schema that this release cannot run on: without all its migrations, or contracted by a later release. */
async function refuseUnmigrated(dataSource: DataSource, component: Component): Promise<void> {
  const names = schemas[component].migrations.map((migration) => migration.name);
  const exists: { present: boolean }[] = await dataSource.query(
    `SELECT to_regclass('${component}.migration') IS NOT NULL AS present`,
  );
  const applied: { name: string }[] =
    exists[0]?.present === true ? await dataSource.query(`SELECT name FROM ${component}.migration`) : [];
  const missing = names.filter((name) => !applied.some((row) => row.name === name));
  if (missing.length > 0)
    throw new DatabaseError(
      `The database schema "${component}" lacks ${missing.length} of ${names.length} migrations. Run: castellan migrate sql <DATABASE_URL>`,
      {},
      'unmigrated',
    );
  const contracted = applied.filter(({ name }) => CONTRACTING.test(name) && !names.includes(name));
  if (contracted.length > 0)
    throw new DatabaseError(
      `The database schema "${component}" is of a newer version of castellan, which took away what this one needs (${contracted.map(({ name }) => name).join(', ')})`,
      {},
      'newer',
    );
}

function isTransient(cause: unknown): boolean {
  const code = (cause as { code?: string }).code ?? '';
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET', 'ENOENT', '57P03', '53300'].includes(
    code,
  );
}

/** The driver's words without anything of the URL. */
function explained(cause: unknown): DatabaseError {
  if (cause instanceof DatabaseError) return cause;
  const error = cause as { code?: string; message?: string; errors?: { message?: string; code?: string }[] };
  const first = error.errors?.[0];
  const words = error.message || first?.message || error.code || first?.code || 'unknown error';
  return new DatabaseError(words, { cause });
}
