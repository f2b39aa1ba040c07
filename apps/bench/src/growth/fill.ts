import { defaultLifetimes } from '@castellan/oauth2';
import { bucketOf, createPartitionKeeper, openDatabase, tokenPartitionedTables } from '@castellan/postgres';
import { execute } from '../servers/cluster.js';

const hourSeconds = 3600;
const rowsAtOnce = 500_000;

/** Stores living access tokens until there are so many more: half expire this hour, half in the next. */
export async function storeTokens(databaseUrl: string, count: number): Promise<void> {
  const bucket = bucketOf(Date.now(), hourSeconds) + 1;
  await withKeeper(databaseUrl, async (keeper) => {
    for (const which of [bucket, bucket + 1]) await keeper.ensure('access_token', which);
  });
  for (let stored = 0; stored < count; stored += rowsAtOnce)
    await insertTokens(databaseUrl, Math.min(rowsAtOnce, count - stored), `${bucket} + n % 2`);
  await execute(databaseUrl, 'VACUUM ANALYZE token.access_token');
}

/**
 * Stores tokens that are over and answers how long the sweeper takes to be rid of them, in milliseconds; undefined when the
 * one of the product, which runs beside it, was first.
 */
export async function sweepTokens(databaseUrl: string, count: number): Promise<number | undefined> {
  const bucket = bucketOf(Date.now(), hourSeconds) - 4;
  return withKeeper(databaseUrl, async (keeper) => {
    await keeper.ensure('access_token', bucket);
    await insertTokens(databaseUrl, count, String(bucket));
    const startedAt = performance.now();
    const dropped = await keeper.sweep();
    return dropped.length === 0 ? undefined : performance.now() - startedAt;
  });
}

/** Registers clients like the benchmark's until there are so many more. */
export async function storeClients(databaseUrl: string, count: number, prefix: string): Promise<void> {
  await execute(
    databaseUrl,
    `INSERT INTO token.client
     SELECT filler.*
       FROM token.client c CROSS JOIN generate_series(1, ${count}) AS n
      CROSS JOIN LATERAL jsonb_populate_record(
              c, jsonb_build_object('id', '${prefix}-' || n, 'uid', gen_random_uuid())) AS filler
      WHERE c.id = 'bench-client'`,
  );
  await execute(databaseUrl, 'VACUUM ANALYZE token.client');
}

function insertTokens(databaseUrl: string, count: number, bucket: string): Promise<unknown> {
  return execute(
    databaseUrl,
    `INSERT INTO token.access_token
       (bucket, id, client_uid, client_id, subject, scopes, audience, extra, issued_at, expires_at)
     SELECT ${bucket}, encode(sha256(gen_random_uuid()::text::bytea), 'base64'), c.uid, c.id, c.id, '{bench}', '{}', '{}',
            now(), to_timestamp((${bucket} + 1) * ${hourSeconds} - 1)
       FROM token.client c CROSS JOIN generate_series(1, ${count}) AS n
      WHERE c.id = 'bench-client'`,
  );
}

async function withKeeper<Answer>(
  databaseUrl: string,
  work: (keeper: ReturnType<typeof createPartitionKeeper>) => Promise<Answer>,
): Promise<Answer> {
  const database = await openDatabase({ url: databaseUrl, component: 'token' });
  try {
    return await work(createPartitionKeeper(database, tokenPartitionedTables(defaultLifetimes)));
  } finally {
    await database.close();
  }
}
