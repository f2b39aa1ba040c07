import type { PolicyHistory, PolicyVersion, PolicyWrite, PolicyWritten } from '@castellan/policy';
import type pg from 'pg';
import type { Database } from '../database.js';
import {
  policyColumns,
  policyFromRow,
  type SelectedPolicy,
  valuesOfPolicy,
  writtenColumns,
  writtenValues,
} from './policy-row.js';
import { writeAtRevision, type Written } from './revision.js';
import type { PolicyVersionRow } from './tables.js';

/** Policies in warden.policy with what they were, in warden.policy_version; triggers write the latter. */
export function createPostgresPolicyHistory(database: Database): PolicyHistory {
  return {
    async write(write) {
      const { answer, revision } = await writeAtRevision(database, (client) => change(client, write), write.note);
      return answer.outcome === 'written' ? { ...answer, revision } : answer;
    },
    async findCurrent(id) {
      const rows = await database.query<SelectedPolicy & { version: string }>(
        'warden.policy.findCurrent',
        `SELECT ${policyColumns}, (${newestVersion}) AS version FROM warden.policy WHERE id = $1`,
        [id],
      );
      const row = rows[0];
      return row === undefined ? undefined : { policy: policyFromRow(row), version: Number(row.version) };
    },
    async find(id, version) {
      const rows = await database.query<PolicyVersionRow>(
        'warden.policyVersion.find',
        'SELECT * FROM warden.policy_version WHERE policy_id = $1 AND version = $2',
        [id, version],
      );
      return rows[0] === undefined ? undefined : versionFromRow(rows[0]);
    },
    async list(id, { limit, before }) {
      const rows = await database.query<PolicyVersionRow>(
        'warden.policyVersion.list',
        `SELECT * FROM warden.policy_version WHERE policy_id = $1 AND version < coalesce($3, 9223372036854775807)
          ORDER BY version DESC LIMIT $2`,
        [id, limit, before ?? null],
      );
      return rows.map(versionFromRow);
    },
  };
}

const newestVersion = 'SELECT coalesce(max(version), 0) FROM warden.policy_version WHERE policy_id = $1';

/** Changes one policy under the lock of the revision; what is asked of its version is asked under it, too. */
async function change(client: pg.PoolClient, write: PolicyWrite): Promise<Written<PolicyWritten>> {
  const id = write.kind === 'remove' ? write.id : write.policy.id;
  if (write.kind !== 'insert' && write.ifVersion !== undefined && !(await isOf(client, id, write.ifVersion))) {
    return { changed: false, answer: { outcome: 'other_version' } };
  }
  const { rowCount } = await client.query(statementOf(write));
  const changed = rowCount === 1;
  if (write.kind === 'insert' && !changed) return { changed, answer: { outcome: 'taken' } };
  const version = changed ? await readVersion(client, id) : 0;
  return { changed, answer: { outcome: 'written', revision: 0, version } };
}

/** Whether the policy exists and, unless any version will do (0), is of this one. */
async function isOf(client: pg.PoolClient, id: string, version: number): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'warden.policy.exists',
    text: 'SELECT FROM warden.policy WHERE id = $1',
    values: [id],
  });
  return rowCount === 1 && (version === 0 || (await readVersion(client, id)) === version);
}

async function readVersion(client: pg.PoolClient, id: string): Promise<number> {
  const { rows } = await client.query<{ version: string }>({
    name: 'warden.policyVersion.newest',
    text: `SELECT (${newestVersion}) AS version`,
    values: [id],
  });
  return Number(rows[0]?.version ?? 0);
}

function statementOf(write: PolicyWrite): pg.QueryConfig {
  if (write.kind === 'remove') {
    return { name: 'warden.policy.remove', text: 'DELETE FROM warden.policy WHERE id = $1', values: [write.id] };
  }
  const insert = `INSERT INTO warden.policy (${writtenColumns}) VALUES (${writtenValues}) ON CONFLICT (id)`;
  const values = valuesOfPolicy(write.policy);
  return write.kind === 'insert'
    ? { name: 'warden.policy.insert', text: `${insert} DO NOTHING`, values }
    : { name: 'warden.policy.put', text: `${insert} ${replaceAll}`, values };
}

/** What replaces all of an older policy. */
export const replaceAll = `DO UPDATE SET description = excluded.description, effect = excluded.effect,
  subjects = excluded.subjects, resources = excluded.resources, actions = excluded.actions,
  conditions = excluded.conditions, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
  updated_at = warden.castellan_now()`;

/** A version's body holds what a row of the table did. */
function versionFromRow(row: PolicyVersionRow): PolicyVersion {
  return {
    version: Number(row.version),
    revision: Number(row.revision),
    changedAt: row.changed_at.getTime(),
    changedBy: row.changed_by,
    reason: row.reason,
    policy: row.body === null ? undefined : policyFromRow(row.body as SelectedPolicy),
  };
}
