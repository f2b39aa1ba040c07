import { execute } from './cluster.js';

// Backends report what they did once a second.
const reportedAfterMs = 1500;

/** Counts the transactions that a database commits while something runs; a statement by itself is one. */
export async function countTransactions(databaseUrl: string, work: () => Promise<void>): Promise<number> {
  const before = await committed(databaseUrl);
  await work();
  return (await committed(databaseUrl)) - before;
}

async function committed(databaseUrl: string): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, reportedAfterMs));
  const [row] = await execute(
    databaseUrl,
    'SELECT xact_commit::float8 AS count FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(row?.['count'] ?? NaN);
}
