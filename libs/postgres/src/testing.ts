import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Component, components, type Database, openDatabase } from './database.js';
import { migrate } from './migrate.js';

/** A migrated database of its own for one test file. */
export type TestDatabase = {
  /** URL of the whole database; all components are migrated. */
  readonly url: string;
  /** The component's connection. */
  readonly database: Database;
  /** Opens a second connection of the component: another replica. */
  openReplica(component?: Component): Promise<Database>;
  /** Moves what SQL takes for now, for every component of this database. */
  advanceClock(milliseconds: number): Promise<void>;
  /** Closes the connections and drops the database. */
  drop(): Promise<void>;
};

const TEMPLATE = 'castellan_template';

/** URL of the PostgreSQL server that the test run started, naming another database. */
export function testServerUrl(database: string): string {
  const server = process.env['CASTELLAN_TEST_PG'];
  if (server === undefined) throw new Error('No test PostgreSQL: run the tests with vitest from the workspace root');
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

/** Makes the migrated template that every test database is copied from. Called once by the test run. */
export async function makeTestTemplate(): Promise<void> {
  await onServer((client) => client.query(`CREATE DATABASE ${TEMPLATE}`));
  const url = testServerUrl(TEMPLATE);
  await migrate({ urls: { keys: url, warden: url, token: url }, onProgress: () => undefined });
}

/** Copies the template: a fresh migrated database in some 15 ms. */
export async function createTestDatabase(component: Component): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY file_copy`));
  const url = testServerUrl(name);
  const opened: Database[] = [];
  async function open(which: Component): Promise<Database> {
    const database = await openDatabase({ url, component: which, poolSize: 6, connectTimeoutMs: 10_000 });
    opened.push(database);
    return database;
  }
  const database = await open(component);
  let offset = 0;
  return {
    url,
    database,
    openReplica: (which = component) => open(which),
    async advanceClock(milliseconds) {
      offset += milliseconds;
      for (const schema of components)
        await database.pool.query(
          `CREATE OR REPLACE FUNCTION ${schema}.castellan_now() RETURNS timestamptz LANGUAGE sql VOLATILE
             AS $$SELECT clock_timestamp() + interval '${offset} milliseconds'$$`,
        );
    },
    async drop() {
      await Promise.all(opened.map((each) => each.close()));
      await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function onServer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: testServerUrl('postgres') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
