import type { ChangeNote } from '@castellan/policy';
import type pg from 'pg';
import type { Database } from '../database.js';
import type { PolicyRevisionRow } from './tables.js';

/** What a write did: its answer, and whether anything changed. */
export type Written<T> = { readonly changed: boolean; readonly answer: T };

/**
 * Runs a write of policies or groups in one transaction under the lock of the revision, and raises the revision when it
 * changed something. Writers of all replicas take turns at that lock, so that revisions are in order of their commits
 * and no two writes can lock each other out (rulings 14). Answers the number of the revision as it is then. The note is
 * kept with the versions of policies that the write makes; without one nobody in particular wrote.
 */
export async function writeAtRevision<T>(
  database: Database,
  write: (client: pg.PoolClient, revision: number) => Promise<Written<T>>,
  note?: ChangeNote,
): Promise<{ readonly answer: T; readonly revision: number }> {
  return database.transaction(async (client) => {
    const before = await client.query<Pick<PolicyRevisionRow, 'value'>>({
      name: 'warden.revision.lock',
      text: `SELECT value, set_config('castellan.changed_by', $1, true), set_config('castellan.reason', $2, true)
        FROM warden.revision FOR UPDATE`,
      values: [note?.by ?? 'warden', note?.reason ?? ''],
    });
    const { changed, answer } = await write(client, readNumber(before.rows));
    if (!changed) return { answer, revision: readNumber(before.rows) };
    const after = await client.query<Pick<PolicyRevisionRow, 'value'>>({
      name: 'warden.revision.raise',
      text: 'UPDATE warden.revision SET value = value + 1, mark = gen_random_uuid() RETURNING value',
    });
    return { answer, revision: readNumber(after.rows) };
  });
}

/** The number in the one row of the revision. */
export function readNumber(rows: readonly Pick<PolicyRevisionRow, 'value'>[]): number {
  const row = rows[0];
  // Without the row nobody could tell a new state from an old one.
  if (row === undefined) throw new Error('warden.revision has no row');
  return Number(row.value);
}
