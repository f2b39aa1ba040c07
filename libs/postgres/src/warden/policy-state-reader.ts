import type { PolicyStateReader, Revision } from '@castellan/policy';
import type { Database } from '../database.js';
import { readNumber } from './revision.js';
import type { PolicyRevisionRow, PolicyRow, SubjectGroupMemberRow } from './tables.js';

/** Reads revision, policies and memberships of the warden schema; notes the database's clock on the way. */
export function createPostgresPolicyStateReader(database: Database): PolicyStateReader {
  return {
    async readRevision() {
      const rows = await database.query<PolicyRevisionRow & { now: Date }>(
        'warden.revision.fence',
        'SELECT value, mark, warden.castellan_now() AS now FROM warden.revision',
      );
      const revision = fromRows(rows);
      if (rows[0] !== undefined) database.observeClock(rows[0].now);
      return revision;
    },

    async readState() {
      return database.transaction(async (client) => {
        // All statements of the transaction see the same moment.
        await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const revision = await client.query<PolicyRevisionRow>('SELECT value, mark FROM warden.revision');
        const policies = await client.query<PolicyRow>(
          'SELECT id, effect, subjects, resources, actions, conditions FROM warden.policy ORDER BY id',
        );
        const members = await client.query<SubjectGroupMemberRow>(
          'SELECT group_id, member FROM warden.subject_group_member ORDER BY group_id, member',
        );
        return {
          revision: fromRows(revision.rows),
          policies: policies.rows,
          memberships: members.rows.map((row) => ({ groupId: row.group_id, member: row.member })),
        };
      });
    },
  };
}

function fromRows(rows: readonly PolicyRevisionRow[]): Revision {
  return { number: readNumber(rows), mark: rows[0]?.mark ?? '' };
}
