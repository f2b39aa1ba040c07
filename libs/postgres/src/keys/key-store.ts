import type { KeyActor, KeySetChange, KeyStore, NewKey, StoredKey } from '@castellan/jwk';
import type pg from 'pg';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';
import type { KeyCheckRow, KeyRow } from './tables.js';
import { advisoryLocks } from '../advisory-locks.js';

const columns = 'set_id, kid, version, position, part, algorithm, key_use, sealed, created_at';
// Current key first: a later version, then the place within one write.
const currentFirst = 'version DESC, position ASC';
// Two locks, so that nobody waits with a claim while keys are made.
const EXCLUSIVE_LOCK = advisoryLocks.ownKeys;
const CLAIM_LOCK = advisoryLocks.keysClaim;

/** Makes the key store of PostgreSQL. */
export function createKeyStore(database: Database): KeyStore {
  // Everything that waits for a batch shares one read, and a batch is sent after all of its items arrived (rulings 13).
  const fence = createBatcher<undefined, number>({
    run: async (items) => {
      const [row] = await database.query<{ value: string; now: Date }>(
        'keys-revision',
        'SELECT value, keys.castellan_now() AS now FROM keys.revision',
      );
      if (row === undefined) throw new Error('keys.revision holds no row');
      database.observeClock(row.now);
      return items.map(() => Number(row.value));
    },
  });

  return {
    revision: () => fence(undefined),

    async readSet(set) {
      const rows = await database.query<RevisionRow>(
        'keys-read-set',
        `SELECT r.value AS revision, k.* FROM keys.revision r
           LEFT JOIN (SELECT ${columns} FROM keys.key WHERE set_id = $1) k ON true ORDER BY ${currentFirst}`,
        [set],
      );
      return { revision: Number(rows[0]?.revision ?? 0), keys: rows.filter(isKeyRow).map(fromRow) };
    },

    async releasePrivate(set, kids, actor) {
      const rows = await database.query<KeyRow>(
        'keys-release-private',
        `WITH released AS (
           SELECT ${columns} FROM keys.key WHERE set_id = $1 AND kid = ANY($2) AND part <> 'public'
         ), noted AS (
           INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id)
           SELECT keys.castellan_now(), 'read', set_id, kid, version, $3, $4 FROM released
         )
         SELECT ${columns} FROM released ORDER BY ${currentFirst}`,
        [set, kids, actor.peer, actor.requestId],
      );
      return rows.map(fromRow);
    },

    changeSet<Answer>(
      set: string,
      actor: KeyActor,
      change: (keys: readonly StoredKey[], version: number) => KeySetChange<Answer>,
    ): Promise<Answer> {
      return database.transaction(async (client) => {
        // The lock on this one row makes changes of all replicas take turns.
        const raised = await client.query<{ value: string }>(
          'UPDATE keys.revision SET value = value + 1 RETURNING value',
        );
        const version = Number(raised.rows[0]?.value);
        const found = await client.query<KeyRow>(
          `SELECT ${columns} FROM keys.key WHERE set_id = $1 ORDER BY ${currentFirst}`,
          [set],
        );
        const { remove = [], put = [], answer } = change(found.rows.map(fromRow), version);
        const kept = new Set(put.map((key) => key.kid));
        const removed = remove.filter((kid) => !kept.has(kid));
        await removeKeys(client, set, removed, actor);
        await putKeys(client, set, put, version, actor);
        return answer;
      });
    },

    exclusively(work) {
      return database.transaction(async (client) => {
        // Making RSA keys takes seconds on a slow machine, while this transaction idles and others wait for its lock.
        await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
        await client.query('SET LOCAL statement_timeout = 0');
        await client.query('SELECT pg_advisory_xact_lock($1)', [EXCLUSIVE_LOCK]);
        return work();
      });
    },

    claimSecret(verifier) {
      return database.transaction(async (client) => {
        await client.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK]);
        await client.query(
          `INSERT INTO keys.key_check (key_id, verifier) SELECT $1, $2
             WHERE NOT EXISTS (SELECT FROM keys.key_check) AND NOT EXISTS (SELECT FROM keys.key)`,
          [verifier.keyId, verifier.verifier],
        );
        const { rows } = await client.query<KeyCheckRow>('SELECT key_id, verifier FROM keys.key_check');
        return rows.some((row) => row.key_id === verifier.keyId && row.verifier === verifier.verifier);
      });
    },
  };
}

async function removeKeys(client: pg.PoolClient, set: string, kids: readonly string[], actor: KeyActor): Promise<void> {
  if (kids.length === 0) return;
  await client.query(
    `WITH removed AS (DELETE FROM keys.key WHERE set_id = $1 AND kid = ANY($2) RETURNING set_id, kid, version)
     INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id)
     SELECT keys.castellan_now(), 'delete', set_id, kid, version, $3, $4 FROM removed`,
    [set, kids, actor.peer, actor.requestId],
  );
}

async function putKeys(
  client: pg.PoolClient,
  set: string,
  keys: readonly NewKey[],
  version: number,
  actor: KeyActor,
): Promise<void> {
  if (keys.length === 0) return;
  await client.query(
    `WITH given AS (
       SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
         WITH ORDINALITY AS k (kid, part, algorithm, key_use, sealed, position)
     ), stored AS (
       INSERT INTO keys.key (${columns})
       SELECT $1, kid, $7, position, part, algorithm, key_use, sealed, keys.castellan_now() FROM given
       ON CONFLICT (set_id, kid) DO UPDATE SET version = excluded.version, position = excluded.position,
         part = excluded.part, algorithm = excluded.algorithm, key_use = excluded.key_use, sealed = excluded.sealed,
         created_at = excluded.created_at
       RETURNING set_id, kid, version
     )
     INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id)
     SELECT keys.castellan_now(), 'write', set_id, kid, version, $8, $9 FROM stored`,
    [
      set,
      keys.map((key) => key.kid),
      keys.map((key) => key.part),
      keys.map((key) => key.algorithm),
      keys.map((key) => key.use),
      keys.map((key) => key.sealed),
      version,
      actor.peer,
      actor.requestId,
    ],
  );
}

/** A key and the revision, or the revision alone where the set has no key. */
type RevisionRow = { revision: string } & (KeyRow | { kid: null });

function isKeyRow(row: RevisionRow): row is { revision: string } & KeyRow {
  return row.kid !== null;
}

function fromRow(row: KeyRow): StoredKey {
  return {
    set: row.set_id,
    kid: row.kid,
    version: Number(row.version),
    part: row.part,
    algorithm: row.algorithm,
    use: row.key_use,
    sealed: row.sealed,
    createdAt: row.created_at,
  };
}
