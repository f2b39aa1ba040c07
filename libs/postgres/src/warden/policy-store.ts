import type { PolicyHistory, PolicyStore } from '@castellan/policy';
import type { Database } from '../database.js';
import { createPostgresPolicyHistory } from './policy-history.js';
import { policyColumns, policyFromRow, type SelectedPolicy } from './policy-row.js';

const nobody = { by: 'warden', reason: '' };

/** Policies in warden.policy. */
export function createPostgresPolicyStore(
  database: Database,
  history: PolicyHistory = createPostgresPolicyHistory(database),
): PolicyStore {
  return {
    async insert(policy) {
      const written = await history.write({ kind: 'insert', policy, note: nobody });
      return written.outcome === 'written' ? written.revision : undefined;
    },
    async find(id) {
      const rows = await database.query<SelectedPolicy>(
        'warden.policy.find',
        `SELECT ${policyColumns} FROM warden.policy WHERE id = $1`,
        [id],
      );
      return rows[0] === undefined ? undefined : policyFromRow(rows[0]);
    },
    async list({ limit, offset }) {
      const rows = await database.query<SelectedPolicy>(
        'warden.policy.list',
        `SELECT ${policyColumns} FROM warden.policy ORDER BY id LIMIT $1 OFFSET $2`,
        [limit, offset],
      );
      return rows.map(policyFromRow);
    },
    async page(after, limit) {
      // One statement, so that revision, count and policies are of one moment.
      const rows = await database.query<{ value: string; total: string; policies: SelectedPolicy[] }>(
        'warden.policy.page',
        `SELECT value, (SELECT count(*) FROM warden.policy) AS total,
          (SELECT coalesce(json_agg(page), '[]') FROM
            (SELECT ${policyColumns} FROM warden.policy WHERE id > $1 ORDER BY id LIMIT $2) page) AS policies
          FROM warden.revision`,
        [after, limit],
      );
      const row = rows[0];
      if (row === undefined) throw new Error('warden.revision has no row');
      return { policies: row.policies.map(policyFromRow), revision: Number(row.value), total: Number(row.total) };
    },
    async put(policy) {
      return revisionOf(await history.write({ kind: 'put', policy, note: nobody }));
    },
    async remove(id) {
      return revisionOf(await history.write({ kind: 'remove', id, note: nobody }));
    },
  };
}

/** A change without a condition is always made. */
function revisionOf(written: Awaited<ReturnType<PolicyHistory['write']>>): number {
  if (written.outcome !== 'written') throw new Error('a change without a condition was refused');
  return written.revision;
}
