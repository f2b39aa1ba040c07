import pg from 'pg';
import { startEmbeddedPostgres } from '@castellan/postgres';
import { makeTemporaryFolder } from '../machine/temporary-folder.js';

/** The PostgreSQL of a run: one server, a database for each contender, as durable as in production. */
export type Cluster = {
  /** Process whose children are the backends. */
  readonly pid: number;
  /** Makes an empty database and answers its URL. */
  makeDatabase(name: string): Promise<string>;
  /** Refreshes the planner's statistics of every database; running servers plan their statements again. */
  analyze(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts the PostgreSQL that ships with the product, in its durable mode: fsync and synchronous_commit are on. */
export async function startCluster(): Promise<Cluster> {
  const folder = makeTemporaryFolder();
  try {
    const server = await startEmbeddedPostgres({ folder: folder.path, mode: 'product' });
    const urls: string[] = [];
    return {
      pid: server.pid,
      makeDatabase: async (name) => {
        await execute(server.url, `CREATE DATABASE ${name}`);
        const url = server.url.replace('/castellan?', `/${name}?`);
        urls.push(url);
        return url;
      },
      analyze: async () => {
        for (const url of urls) await execute(url, 'ANALYZE');
      },
      stop: async () => {
        await server.stop();
        folder.remove();
      },
    };
  } catch (cause) {
    folder.remove();
    throw cause;
  }
}

/** Runs one statement on a connection of its own. */
export async function execute(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}
