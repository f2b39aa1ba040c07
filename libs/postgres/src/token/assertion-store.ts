import { createHash } from 'node:crypto';
import type { AssertionStore, AssertionUse } from '@castellan/oauth2';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';

/** Sorted, so that two replicas cannot wait for each other; of equal ones in a batch the first ordinal is stored. */
const burnAssertions = `
  WITH input AS MATERIALIZED (
    SELECT DISTINCT ON (i.id) i.* FROM json_to_recordset($1::json) AS i(n int, id text, expires_at float8)
    ORDER BY i.id, i.n
  ),
  stored AS (
    INSERT INTO token.client_assertion (id, expires_at)
    SELECT i.id, to_timestamp(i.expires_at / 1000) FROM input i ORDER BY i.id
    ON CONFLICT DO NOTHING
    RETURNING id
  )
  SELECT i.n FROM input i JOIN stored s ON s.id = i.id`;

/** Rows that another sweeper holds are left to it. */
const sweepAssertions = `
  WITH clock AS MATERIALIZED (SELECT token.castellan_now() AS now),
  over AS MATERIALIZED (
    SELECT a.id FROM token.client_assertion a CROSS JOIN clock
     WHERE a.expires_at <= clock.now
     LIMIT $1::int
       FOR UPDATE OF a SKIP LOCKED
  )
  DELETE FROM token.client_assertion WHERE id IN (SELECT id FROM over) RETURNING id`;

/** Used client assertions in PostgreSQL; concurrent uses share one statement. */
export function createAssertionStore(database: Database): AssertionStore {
  return {
    burn: createBatcher<AssertionUse, boolean>({
      async run(uses) {
        const input = uses.map((use, n) => ({ n, id: idOf(use), expires_at: use.expiresAt }));
        const rows = await database.query<{ n: number }>('token.client_assertion.burn', burnAssertions, [
          JSON.stringify(input),
        ]);
        const first = new Set(rows.map(({ n }) => n));
        return uses.map((_, n) => first.has(n));
      },
    }),
    async sweep(limit) {
      return (await database.query('token.client_assertion.sweep', sweepAssertions, [limit])).length;
    },
  };
}

function idOf({ clientUid, jti }: AssertionUse): string {
  return createHash('sha256').update(`${clientUid}\0${jti}`).digest('base64url');
}
