import { type ImportCommit, maxImportedPolicies, type PolicyImports, type StageRefusal } from '@castellan/policy';
import type pg from 'pg';
import type { Database } from '../database.js';
import { replaceAll } from './policy-history.js';
import { writtenColumns } from './policy-row.js';
import { writeAtRevision, type Written } from './revision.js';

/** An import that nobody committed is forgotten after this. */
const lifetime = `interval '1 hour'`;

/** Imports in warden.policy_import and warden.policy_import_item. */
export function createPostgresPolicyImports(database: Database): PolicyImports {
  return {
    async begin(by) {
      await database.query(
        'warden.policyImport.sweep',
        `DELETE FROM warden.policy_import WHERE opened_at < warden.castellan_now() - ${lifetime}`,
      );
      const rows = await database.query<{ id: string }>(
        'warden.policyImport.begin',
        'INSERT INTO warden.policy_import (opened_by) VALUES ($1) RETURNING id',
        [by],
      );
      if (rows[0] === undefined) throw new Error('an import that was opened has an ID');
      return rows[0].id;
    },
    async stage(importId, by, policies) {
      return database.transaction(async (client) => {
        if (!(await lock(client, importId, by))) return { refused: 'unknown' };
        const refusal = await insertItems(client, importId, policies);
        if (refusal !== undefined) return refusal;
        return count(client, importId);
      });
    },
    async commit(importId, commit) {
      type Answer = Counts | 'unknown' | 'other_revision';
      const { answer, revision } = await writeAtRevision<Answer>(
        database,
        async (client, before) => {
          // Tens of thousands of policies take longer than a single one may.
          await client.query(`SET LOCAL statement_timeout = '60s'`);
          if (!(await lock(client, importId, commit.note.by))) return { changed: false, answer: 'unknown' };
          if (commit.ifRevision !== undefined && commit.ifRevision !== before) {
            return { changed: false, answer: 'other_revision' };
          }
          return store(client, importId, commit);
        },
        commit.note,
      );
      return typeof answer === 'string' ? answer : { ...answer, revision };
    },
    async abort(importId, by) {
      if (!uuid.test(importId)) return;
      await database.query(
        'warden.policyImport.abort',
        'DELETE FROM warden.policy_import WHERE id = $1 AND opened_by = $2',
        [importId, by],
      );
    },
  };
}

type Counts = { created: number; updated: number; removed: number; unchanged: number };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Locks the import against its other chunks and its commit; false when it is not there, or somebody else's. */
async function lock(client: pg.PoolClient, importId: string, by: string): Promise<boolean> {
  if (!uuid.test(importId)) return false;
  const { rowCount } = await client.query({
    name: 'warden.policyImport.lock',
    text: `SELECT FROM warden.policy_import WHERE id = $1 AND opened_by = $2
      AND opened_at >= warden.castellan_now() - ${lifetime} FOR UPDATE`,
    values: [importId, by],
  });
  return rowCount === 1;
}

async function insertItems(
  client: pg.PoolClient,
  importId: string,
  policies: readonly { readonly id: string }[],
): Promise<StageRefusal | undefined> {
  const ids = policies.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) return { refused: 'twice', id: twice };
  const { rows } = await client.query<{ id: string }>({
    name: 'warden.policyImport.findStaged',
    text: 'SELECT policy_id AS id FROM warden.policy_import_item WHERE import_id = $1 AND policy_id = ANY($2) LIMIT 1',
    values: [importId, ids],
  });
  if (rows[0] !== undefined) return { refused: 'twice', id: rows[0].id };
  if ((await count(client, importId)) + ids.length > maxImportedPolicies) return { refused: 'too_many' };
  await client.query({
    name: 'warden.policyImport.stage',
    text: `INSERT INTO warden.policy_import_item (import_id, policy_id, body)
      SELECT $1, id, body FROM unnest($2::text[], $3::jsonb[]) AS item (id, body)`,
    values: [importId, ids, policies.map((policy) => JSON.stringify(policy))],
  });
  return undefined;
}

async function count(client: pg.PoolClient, importId: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>({
    name: 'warden.policyImport.count',
    text: 'SELECT count(*) FROM warden.policy_import_item WHERE import_id = $1',
    values: [importId],
  });
  return Number(rows[0]?.count ?? 0);
}

/** Stores what an import holds: one statement for what is new or different, so that triggers fire once. */
async function store(client: pg.PoolClient, importId: string, { prune }: ImportCommit): Promise<Written<Counts>> {
  const { rows } = await client.query<{ created: string; updated: string; total: string }>({
    name: 'warden.policyImport.store',
    text: `
      WITH item AS (
        SELECT body->>'id' AS id, body->>'description' AS description, body->>'effect' AS effect,
          ARRAY(SELECT jsonb_array_elements_text(body->'subjects')) AS subjects,
          ARRAY(SELECT jsonb_array_elements_text(body->'resources')) AS resources,
          ARRAY(SELECT jsonb_array_elements_text(body->'actions')) AS actions,
          body->'conditions' AS conditions,
          to_timestamp((body->>'validFrom')::float8 / 1000) AS valid_from,
          to_timestamp((body->>'validUntil')::float8 / 1000) AS valid_until
        FROM warden.policy_import_item WHERE import_id = $1
      ), written AS (
        INSERT INTO warden.policy AS p (${writtenColumns}) SELECT ${writtenColumns} FROM item ON CONFLICT (id) ${replaceAll}
          WHERE (p.description, p.effect, p.subjects, p.resources, p.actions, p.conditions, p.valid_from, p.valid_until)
            IS DISTINCT FROM (excluded.description, excluded.effect, excluded.subjects, excluded.resources,
              excluded.actions, excluded.conditions, excluded.valid_from, excluded.valid_until)
        RETURNING id
      )
      SELECT count(*) FILTER (WHERE p.id IS NULL) AS created, count(p.id) AS updated, (SELECT count(*) FROM item) AS total
        FROM written LEFT JOIN warden.policy p ON p.id = written.id`,
    values: [importId],
  });
  const removed = prune ? await removeOthers(client, importId) : 0;
  await client.query({
    name: 'warden.policyImport.forget',
    text: 'DELETE FROM warden.policy_import WHERE id = $1',
    values: [importId],
  });
  const [created, updated, total] = [rows[0]?.created, rows[0]?.updated, rows[0]?.total].map(Number);
  const counts = { created: created ?? 0, updated: updated ?? 0, removed };
  const unchanged = (total ?? 0) - counts.created - counts.updated;
  return { changed: counts.created + counts.updated + removed > 0, answer: { ...counts, unchanged } };
}

async function removeOthers(client: pg.PoolClient, importId: string): Promise<number> {
  const { rowCount } = await client.query({
    name: 'warden.policyImport.prune',
    text: `DELETE FROM warden.policy WHERE NOT EXISTS
      (SELECT FROM warden.policy_import_item item WHERE item.import_id = $1 AND item.policy_id = policy.id)`,
    values: [importId],
  });
  return rowCount ?? 0;
}
