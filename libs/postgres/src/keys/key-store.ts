import {
  judgeClaim,
  type KeyActor,
  type KeyLife,
  type KeySetChange,
  type KeyStore,
  type LivingKey,
  type NewKey,
  type StoredKey,
} from '@castellan/jwk';
import type pg from 'pg';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';
import type { KeyCheckRow, KeyRow } from './tables.js';
import { advisoryLocks } from '../advisory-locks.js';

const columns =
  'set_id, kid, version, position, part, algorithm, key_use, sealed, created_at, ' +
  'state, staged_at, published_at, active_at, retiring_at, due_at';
// Current key first: a later version, then the place within one write.
const currentFirst = 'version DESC, position ASC';
// The key ID of the system secret that a key is sealed under.
const sealedUnder = `encode(substring(sealed FROM 1 FOR 4), 'hex')`;
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
        `SELECT r.value AS revision, keys.castellan_now() AS now, k.* FROM keys.revision r
           LEFT JOIN (SELECT ${columns} FROM keys.key WHERE set_id = $1) k ON true ORDER BY ${currentFirst}`,
        [set],
      );
      const [first] = rows;
      if (first === undefined) throw new Error('keys.revision holds no row');
      return { revision: Number(first.revision), now: first.now.getTime(), keys: rows.filter(isKeyRow).map(fromRow) };
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
      change: (keys: readonly StoredKey[], version: number, now: number) => KeySetChange<Answer>,
    ): Promise<Answer> {
      return database.transaction(async (client) => {
        // The lock on this one row makes changes of all replicas take turns.
        const raised = await client.query<{ value: string; now: Date }>(
          'UPDATE keys.revision SET value = value + 1 RETURNING value, keys.castellan_now() AS now',
        );
        const [row] = raised.rows;
        if (row === undefined) throw new Error('keys.revision holds no row');
        const version = Number(row.value);
        const found = await client.query<KeyRow>(
          `SELECT ${columns} FROM keys.key WHERE set_id = $1 ORDER BY ${currentFirst}`,
          [set],
        );
        const {
          remove = [],
          live = [],
          put = [],
          answer,
        } = change(found.rows.map(fromRow), version, row.now.getTime());
        const kept = new Set(put.map((key) => key.kid));
        const removed = remove.filter((kid) => !kept.has(kid));
        await removeKeys(client, set, removed, actor);
        for (const key of live) await liveOn(client, set, key, actor);
        await putKeys(client, set, put, version, actor);
        return answer;
      });
    },

    async countSignatures(counts) {
      if (counts.length === 0) return;
      await database.query(
        'keys-count-signatures',
        `INSERT INTO keys.signature_count (set_id, kid, day, signatures)
         SELECT set_id, kid, (keys.castellan_now() AT TIME ZONE 'UTC')::date, signatures
           FROM unnest($1::text[], $2::text[], $3::bigint[]) AS counted (set_id, kid, signatures)
         ON CONFLICT (set_id, kid, day) DO UPDATE SET signatures = signature_count.signatures + excluded.signatures`,
        [counts.map(({ set }) => set), counts.map(({ kid }) => kid), counts.map(({ signatures }) => signatures)],
      );
    },

    async signatureCounts(set) {
      const rows = await database.query<{ kid: string; signatures: string }>(
        'keys-signature-counts',
        'SELECT kid, sum(signatures) AS signatures FROM keys.signature_count WHERE set_id = $1 GROUP BY kid',
        [set],
      );
      return new Map(rows.map(({ kid, signatures }) => [kid, Number(signatures)]));
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

    claimSecrets(held) {
      return database.transaction(async (client) => {
        await client.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK]);
        const [first] = held;
        await client.query(
          `INSERT INTO keys.key_check (key_id, verifier) SELECT $1::text, $2::text
             WHERE $1::text IS NOT NULL AND NOT EXISTS (SELECT FROM keys.key_check) AND NOT EXISTS (SELECT FROM keys.key)`,
          [first?.keyId, first?.verifier],
        );
        const registered = await client.query<KeyCheckRow>('SELECT key_id, verifier FROM keys.key_check');
        const needed = await client.query<{ id: string }>(`SELECT DISTINCT ${sealedUnder} AS id FROM keys.key`);
        return judgeClaim(
          held,
          registered.rows.map(({ key_id, verifier }) => ({ keyId: key_id, verifier })),
          needed.rows.map(({ id }) => id),
        );
      });
    },

    async addSecret({ keyId, verifier }, actor) {
      await database.query(
        'keys-add-secret',
        `WITH added AS (
           INSERT INTO keys.key_check (key_id, verifier, registered_at) VALUES ($1, $2, keys.castellan_now())
             ON CONFLICT (key_id) DO NOTHING RETURNING key_id
         )
         INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id)
         SELECT keys.castellan_now(), 'write', '', key_id, 0, $3, $4 FROM added`,
        [keyId, verifier, actor.peer, actor.requestId],
      );
    },

    removeSecret(keyId, actor) {
      return database.transaction(async (client) => {
        // Nobody writes a key meanwhile.
        await client.query('SELECT value FROM keys.revision FOR UPDATE');
        const used = await client.query(`SELECT FROM keys.key WHERE ${sealedUnder} = $1 LIMIT 1`, [keyId]);
        if (used.rowCount !== 0) return false;
        await client.query(
          `WITH removed AS (DELETE FROM keys.key_check WHERE key_id = $1 RETURNING key_id)
           INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id)
           SELECT keys.castellan_now(), 'delete', '', key_id, 0, $2, $3 FROM removed`,
          [keyId, actor.peer, actor.requestId],
        );
        return true;
      });
    },

    async secretUses() {
      const rows = await database.query<{ id: string; registered_at: Date | null; keys: string }>(
        'keys-secret-uses',
        `SELECT coalesce(c.key_id, k.id) AS id, c.registered_at, coalesce(k.keys, 0) AS keys
           FROM keys.key_check c
           FULL JOIN (SELECT ${sealedUnder} AS id, count(*) AS keys FROM keys.key GROUP BY 1) k ON k.id = c.key_id
           ORDER BY c.registered_at NULLS FIRST, 1`,
      );
      return rows.map((row) => ({
        keyId: row.id,
        keys: Number(row.keys),
        ...(row.registered_at !== null ? { registeredAt: row.registered_at } : {}),
      }));
    },

    resealSome(keyId, limit, reseal) {
      return database.transaction(async (client) => {
        const found = await client.query<KeyRow>(
          `SELECT ${columns} FROM keys.key WHERE ${sealedUnder} <> $1 ORDER BY set_id, kid LIMIT $2 FOR UPDATE`,
          [keyId, limit],
        );
        for (const row of found.rows) {
          await client.query('UPDATE keys.key SET sealed = $3 WHERE set_id = $1 AND kid = $2', [
            row.set_id,
            row.kid,
            reseal(fromRow(row)),
          ]);
        }
        return found.rows.length;
      });
    },
  };
}

async function removeKeys(client: pg.PoolClient, set: string, kids: readonly string[], actor: KeyActor): Promise<void> {
  if (kids.length === 0) return;
  await client.query(
    `WITH removed AS (DELETE FROM keys.key WHERE set_id = $1 AND kid = ANY($2) RETURNING set_id, kid, version, state)
     INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id, state)
     SELECT keys.castellan_now(), 'delete', set_id, kid, version, $3, $4,
       CASE WHEN state IS NOT NULL THEN 'retired' END FROM removed`,
    [set, kids, actor.peer, actor.requestId],
  );
}

/** One after the other, in the order given: two active keys at once are refused by the table. */
async function liveOn(client: pg.PoolClient, set: string, { kid, life }: LivingKey, actor: KeyActor): Promise<void> {
  await client.query(
    `WITH changed AS (
       UPDATE keys.key SET state = $3, staged_at = $4, published_at = $5, active_at = $6, retiring_at = $7, due_at = $8
         WHERE set_id = $1 AND kid = $2 RETURNING version
     )
     INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id, state)
     SELECT keys.castellan_now(), 'state', $1, $2, version, $9, $10, $3 FROM changed`,
    [set, kid, life.state, ...timesOf(life), actor.peer, actor.requestId],
  );
}

function timesOf(life: KeyLife): readonly (Date | null)[] {
  const times = [life.stagedAt, life.publishedAt, life.activeAt, life.retiringAt, life.dueAt];
  return times.map((time) => (time === undefined ? null : new Date(time)));
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
       SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $10::text[],
         $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[])
         WITH ORDINALITY AS k (kid, part, algorithm, key_use, sealed, state, staged_at, published_at, active_at,
           retiring_at, due_at, position)
     ), stored AS (
       INSERT INTO keys.key (${columns})
       SELECT $1, kid, $7, position, part, algorithm, key_use, sealed, keys.castellan_now(), state, staged_at,
         published_at, active_at, retiring_at, due_at FROM given
       ON CONFLICT (set_id, kid) DO UPDATE SET version = excluded.version, position = excluded.position,
         part = excluded.part, algorithm = excluded.algorithm, key_use = excluded.key_use, sealed = excluded.sealed,
         created_at = excluded.created_at, state = excluded.state, staged_at = excluded.staged_at,
         published_at = excluded.published_at, active_at = excluded.active_at, retiring_at = excluded.retiring_at,
         due_at = excluded.due_at
       RETURNING set_id, kid, version, state
     )
     INSERT INTO keys.audit (at, action, set_id, kid, version, peer, request_id, state)
     SELECT keys.castellan_now(), 'write', set_id, kid, version, $8, $9, state FROM stored`,
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
      keys.map((key) => key.life?.state ?? null),
      ...[0, 1, 2, 3, 4].map((place) => keys.map((key) => (key.life === undefined ? null : timesOf(key.life)[place]))),
    ],
  );
}

/** A key and the revision, or the revision alone where the set has no key. */
type RevisionRow = { revision: string; now: Date } & (KeyRow | { kid: null });

function isKeyRow(row: RevisionRow): row is RevisionRow & KeyRow {
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
    ...lifeOf(row),
  };
}

function lifeOf(row: KeyRow): { readonly life?: KeyLife } {
  if (row.state === null || row.staged_at === null) return {};
  const { published_at, active_at, retiring_at, due_at } = row;
  return {
    life: {
      state: row.state,
      stagedAt: row.staged_at.getTime(),
      ...(published_at !== null ? { publishedAt: published_at.getTime() } : {}),
      ...(active_at !== null ? { activeAt: active_at.getTime() } : {}),
      ...(retiring_at !== null ? { retiringAt: retiring_at.getTime() } : {}),
      ...(due_at !== null ? { dueAt: due_at.getTime() } : {}),
    },
  };
}
