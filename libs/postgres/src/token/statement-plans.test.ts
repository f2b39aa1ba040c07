import { defaultLifetimes } from '@castellan/oauth2';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf, createPartitionKeeper } from '../partitions.js';
import { createTestDatabase, type TestDatabase } from '../testing.js';
import * as authorizationRequests from './authorization-request-statements.js';
import * as logoutRequests from './logout-request-statements.js';
import * as outbox from './outbox-statements.js';
import { findGrantsOfTokens } from './stateless-token-store.js';
import { findSubjectClaims } from './subject-claims-store.js';
import * as tokens from './token-statements.js';
import { tokenPartitionedTables } from './token-partitions.js';

/** Rare, and planned for what they are given; or about all there is. */
const administrative = ['revokeGrants', 'countMessages'];
const statements = Object.entries({
  ...tokens,
  ...authorizationRequests,
  ...logoutRequests,
  ...outbox,
  findGrantsOfTokens,
  findSubjectClaims,
}).filter(([name]) => !administrative.includes(name));

// Plans are kept as long as a connection, so what counts is the plan that is made while there is nothing yet.
describe('the plan of a hot statement, made while the tables are empty', () => {
  let test: TestDatabase;
  let connection: pg.PoolClient;

  beforeAll(async () => {
    test = await createTestDatabase('token');
    const tables = tokenPartitionedTables(defaultLifetimes);
    const keeper = createPartitionKeeper(test.database, tables);
    for (const { table, bucketSeconds } of tables) await keeper.ensure(table, bucketOf(Date.now(), bucketSeconds));
    connection = await test.database.pool.connect();
    await connection.query('SET plan_cache_mode = force_generic_plan');
  });

  afterAll(async () => {
    connection.release();
    await test.drop();
  });

  async function planOf(name: string, text: string): Promise<readonly string[]> {
    await connection.query(`PREPARE "${name}" AS ${text}`);
    const { rows } = await connection.query<{ count: number }>(
      'SELECT cardinality(parameter_types) AS count FROM pg_prepared_statements WHERE name = $1',
      [name],
    );
    const values = Array.from({ length: rows[0]?.count ?? 0 }, () => 'NULL').join(', ');
    const plan = await connection.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (COSTS off) EXECUTE "${name}"${values === '' ? '' : `(${values})`}`,
    );
    return plan.rows.map((row) => row['QUERY PLAN'].trim());
  }

  it.each(statements)('%s finds its rows by keys', async (name, text) => {
    const plan = await planOf(name, text);
    const scans = plan.flatMap((line, index) => {
      const isByKey = plan[index + 1]?.startsWith('Index Cond:') === true;
      return /Seq Scan|Index Scan|Index Only Scan/.test(line) && !isByKey ? [line] : [];
    });
    expect(plan.length).toBeGreaterThan(1);
    expect(scans).toEqual([]);
  });
});
