import type { Lifetimes } from '@castellan/oauth2';
import type { PartitionedTable, PartitionKeeper } from '../partitions.js';

/** The tables of tokens, which are partitioned by expiry; the units are those of the token texts. */
export function tokenPartitionedTables(lifetimes: Lifetimes): readonly PartitionedTable[] {
  const hour = 3_600;
  const week = 604_800;
  return [
    { table: 'access_token', bucketSeconds: hour, longestLifetimeMs: lifetimes.accessTokenMs },
    { table: 'authorization_code', bucketSeconds: hour, longestLifetimeMs: lifetimes.authorizationCodeMs },
    { table: 'refresh_token', bucketSeconds: week, longestLifetimeMs: lifetimes.refreshTokenIdleMs },
    { table: 'family', bucketSeconds: week, longestLifetimeMs: lifetimes.refreshTokenMs },
  ];
}

/** A partition that a statement writes to. */
export type PartitionName = { readonly table: string; readonly bucket: number };

/**
 * Runs a statement that inserts. When PostgreSQL finds no partition for a row, the partitions are made and the statement
 * is run once more: it had stored nothing.
 */
export async function insertIntoPartitions<T>(
  keeper: PartitionKeeper,
  partitions: () => readonly PartitionName[],
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!isMissingPartition(cause)) throw cause;
    const wanted = new Map(partitions().map((name) => [`${name.table}/${name.bucket}`, name]));
    for (const { table, bucket } of wanted.values()) await keeper.ensure(table, bucket);
    return run();
  }
}

function isMissingPartition(cause: unknown): boolean {
  const error = cause as { code?: string; constraint?: string };
  return error.code === '23514' && error.constraint === undefined;
}
