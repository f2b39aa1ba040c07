import type { PolicyStateReader, Revision, StoredPolicy } from '@castellan/policy';
import type { Database } from '../database.js';
import { readNumber } from './revision.js';
import type { PolicyRevisionRow, SubjectGroupMemberRow } from './tables.js';
import { type BoundsRow, epochMs, readBounds, validityColumns } from './validity-columns.js';

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

    async readChanges(since) {
      const rows = await database.query<ChangesRow>('warden.revision.changes', changesText, [since.number, since.mark]);
      const row = rows[0];
      if (row === undefined || !row.is_known || row.is_reset) return undefined;
      const written = row.policies.filter(({ policy }) => policy !== null);
      return {
        revision: fromRows(rows),
        policies: written.flatMap(({ policy }) => (policy === null ? [] : dropUnbounded(policy))),
        removedPolicyIds: row.policies.filter(({ policy }) => policy === null).map(({ id }) => id),
        memberships: row.memberships,
      };
    },

    async readState() {
      return database.transaction(async (client) => {
        // All statements of the transaction see the same moment.
        await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const revision = await client.query<PolicyRevisionRow>('SELECT value, mark FROM warden.revision');
        const policies = await client.query<StateRow>(
          `SELECT id, effect, subjects, resources, actions, conditions, ${validityColumns} FROM warden.policy ORDER BY id`,
        );
        const members = await client.query<SubjectGroupMemberRow>(
          'SELECT group_id, member FROM warden.subject_group_member ORDER BY group_id, member',
        );
        return {
          revision: fromRows(revision.rows),
          policies: policies.rows.map(dropUnbounded),
          memberships: members.rows.map((row) => ({ groupId: row.group_id, member: row.member })),
        };
      });
    },
  };
}

/** A policy as these statements answer it. */
type StateRow = Omit<StoredPolicy, 'validFrom' | 'validUntil'> & BoundsRow;

/** Most policies have no bound; what is absent takes no room in an index of very many. */
function dropUnbounded({ validFrom, validUntil, ...policy }: StateRow): StoredPolicy {
  return { ...policy, ...readBounds({ validFrom, validUntil }) };
}

type ChangesRow = Pick<PolicyRevisionRow, 'value' | 'mark'> & {
  is_known: boolean;
  is_reset: boolean;
  policies: { id: string; policy: StateRow | null }[];
  memberships: { groupId: string; member: string; isPresent: boolean }[];
};

/** One statement, so that all of it is of one moment. The history must hold the revision that the reader has. */
const changesText = `
  WITH change AS (
    SELECT kind, policy_id, group_id, member FROM warden.policy_change
      WHERE revision > $1::bigint AND revision <= (SELECT value FROM warden.revision)
  )
  SELECT value, mark,
    EXISTS (SELECT FROM warden.revision_history WHERE value = $1::bigint AND mark = $2::uuid) AS is_known,
    EXISTS (SELECT FROM change WHERE kind = 'reset') AS is_reset,
    (SELECT coalesce(json_agg(json_build_object('id', changed.policy_id, 'policy',
        CASE WHEN policy.id IS NOT NULL THEN json_build_object('id', policy.id, 'effect', policy.effect,
          'subjects', policy.subjects, 'resources', policy.resources, 'actions', policy.actions,
          'conditions', policy.conditions,
          'validFrom', ${epochMs('policy.valid_from')}, 'validUntil', ${epochMs('policy.valid_until')}) END) ORDER BY changed.policy_id), '[]')
      FROM (SELECT DISTINCT policy_id FROM change WHERE kind = 'policy') changed
      LEFT JOIN warden.policy ON policy.id = changed.policy_id) AS policies,
    (SELECT coalesce(json_agg(json_build_object('groupId', changed.group_id, 'member', changed.member,
        'isPresent', present.member IS NOT NULL)), '[]')
      FROM (SELECT DISTINCT group_id, member FROM change WHERE kind = 'membership') changed
      LEFT JOIN warden.subject_group_member present
        ON present.group_id = changed.group_id AND present.member = changed.member) AS memberships
    FROM warden.revision`;

function fromRows(rows: readonly Pick<PolicyRevisionRow, 'value' | 'mark'>[]): Revision {
  return { number: readNumber(rows), mark: rows[0]?.mark ?? '' };
}
