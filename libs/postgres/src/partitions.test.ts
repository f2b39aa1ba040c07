import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bucketOf, createPartitionKeeper } from './partitions.js';
import { createTestDatabase, type TestDatabase } from './testing.js';

const HOUR = 3_600_000;
const tables = [{ table: 'access_token', bucketSeconds: 3600, longestLifetimeMs: 2 * HOUR }];
let test: TestDatabase;

async function partitions(): Promise<string[]> {
  const rows = await test.database.query<{ name: string }>(
    'test.partitions',
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'token.access_token'::regclass ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

beforeEach(async () => {
  test = await createTestDatabase('token');
});
afterEach(() => test.drop());

describe('createPartitionKeeper', () => {
  it('makes partitions for the longest lifetime ahead, once, also when two replicas do it at the same time', async () => {
    const replica = await test.openReplica();
    await Promise.all([
      createPartitionKeeper(test.database, tables).makeAhead(),
      createPartitionKeeper(replica, tables).makeAhead(),
    ]);
    const first = bucketOf(test.database.now(), 3600);
    expect(await partitions()).toEqual([0, 1, 2, 3].map((ahead) => `token.access_token_${first + ahead}`));
  });

  it('makes the partition of a bucket on demand', async () => {
    const keeper = createPartitionKeeper(test.database, tables);
    await keeper.ensure('access_token', 777_777);
    await keeper.ensure('access_token', 777_777);
    expect(await partitions()).toEqual(['token.access_token_777777']);
    await expect(keeper.ensure('client', 1)).rejects.toThrow(/no partitioned table/);
  });

  it('drops a partition one hour after its bucket ended, not before', async () => {
    const keeper = createPartitionKeeper(test.database, tables);
    await keeper.makeAhead();
    const first = bucketOf(test.database.now(), 3600);
    await test.advanceClock(HOUR);
    expect(await keeper.sweep()).toEqual([]);
    await test.advanceClock(HOUR);
    expect(await keeper.sweep()).toEqual([`access_token_${first}`]);
    expect(await partitions()).not.toContain(`token.access_token_${first}`);
  });
});
