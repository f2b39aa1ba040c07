import type { Conditions, Policy, PolicyStore } from '@castellan/policy';
import type { Database } from '../database.js';
import { writeAtRevision } from './revision.js';
import type { PolicyRow } from './tables.js';

const columns = 'id, description, effect, subjects, resources, actions, conditions';

/** Policies in warden.policy. */
export function createPostgresPolicyStore(database: Database): PolicyStore {
  return {
    async insert(policy) {
      const { answer: inserted, revision } = await writeAtRevision(database, async (client) => {
        const { rowCount } = await client.query({
          name: 'warden.policy.insert',
          text: `INSERT INTO warden.policy (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
          values: toValues(policy),
        });
        const changed = rowCount === 1;
        return { changed, answer: changed };
      });
      return inserted ? revision : undefined;
    },

    async find(id) {
      const rows = await database.query<PolicyRow>(
        'warden.policy.find',
        `SELECT ${columns} FROM warden.policy WHERE id = $1`,
        [id],
      );
      return rows[0] === undefined ? undefined : fromRow(rows[0]);
    },

    async list({ limit, offset }) {
      const rows = await database.query<PolicyRow>(
        'warden.policy.list',
        `SELECT ${columns} FROM warden.policy ORDER BY id LIMIT $1 OFFSET $2`,
        [limit, offset],
      );
      return rows.map(fromRow);
    },

    async put(policy) {
      const { revision } = await writeAtRevision(database, async (client) => {
        await client.query({
          name: 'warden.policy.put',
          text: `INSERT INTO warden.policy (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (id) DO UPDATE SET description = excluded.description, effect = excluded.effect,
              subjects = excluded.subjects, resources = excluded.resources, actions = excluded.actions,
              conditions = excluded.conditions, updated_at = warden.castellan_now()`,
          values: toValues(policy),
        });
        return { changed: true, answer: undefined };
      });
      return revision;
    },

    async remove(id) {
      const { revision } = await writeAtRevision(database, async (client) => {
        const { rowCount } = await client.query({
          name: 'warden.policy.remove',
          text: 'DELETE FROM warden.policy WHERE id = $1',
          values: [id],
        });
        return { changed: rowCount === 1, answer: undefined };
      });
      return revision;
    },
  };
}

function toValues(policy: Policy): unknown[] {
  const { id, description, effect, subjects, resources, actions, conditions } = policy;
  return [id, description, effect, [...subjects], [...resources], [...actions], JSON.stringify(conditions)];
}

/** The column's constraint keeps the effect, and validation before the write the shape of the conditions. */
function fromRow(row: PolicyRow): Policy {
  return {
    id: row.id,
    description: row.description,
    subjects: row.subjects,
    effect: row.effect === 'allow' ? 'allow' : 'deny',
    resources: row.resources,
    actions: row.actions,
    conditions: row.conditions as Conditions,
  };
}
