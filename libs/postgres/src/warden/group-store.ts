import type { GroupStore } from '@castellan/policy';
import type { Database } from '../database.js';
import { writeAtRevision } from './revision.js';
import type { SubjectGroupMemberRow, SubjectGroupRow } from './tables.js';

/** Groups in warden.subject_group, their members in warden.subject_group_member. */
export function createPostgresGroupStore(database: Database): GroupStore {
  return {
    async insert(group) {
      const { answer: inserted, revision } = await writeAtRevision(database, async (client) => {
        const { rowCount } = await client.query({
          name: 'warden.group.insert',
          text: 'INSERT INTO warden.subject_group (id) VALUES ($1) ON CONFLICT (id) DO NOTHING',
          values: [group.id],
        });
        const changed = rowCount === 1;
        if (changed) await client.query(insertMembers(group.id, group.members));
        return { changed, answer: changed };
      });
      return inserted ? revision : undefined;
    },

    async find(id) {
      const rows = await database.query<Pick<SubjectGroupRow, 'id'> & { members: string[] }>(
        'warden.group.find',
        `SELECT id, ARRAY(SELECT member FROM warden.subject_group_member WHERE group_id = id ORDER BY member) AS members
           FROM warden.subject_group WHERE id = $1`,
        [id],
      );
      return rows[0];
    },

    async findByMember(member) {
      const rows = await database.query<Pick<SubjectGroupMemberRow, 'group_id'>>(
        'warden.group.findByMember',
        'SELECT group_id FROM warden.subject_group_member WHERE member = $1 ORDER BY group_id',
        [member],
      );
      return rows.map((row) => row.group_id);
    },

    async remove(id) {
      const { revision } = await writeAtRevision(database, async (client) => {
        const { rowCount } = await client.query({
          name: 'warden.group.remove',
          text: 'DELETE FROM warden.subject_group WHERE id = $1',
          values: [id],
        });
        return { changed: rowCount === 1, answer: undefined };
      });
      return revision;
    },

    addMembers: (id, members) => changeMembers(database, id, insertMembers(id, members)),

    removeMembers: (id, members) =>
      changeMembers(database, id, {
        name: 'warden.group.removeMembers',
        text: 'DELETE FROM warden.subject_group_member WHERE group_id = $1 AND member = ANY($2)',
        values: [id, [...members]],
      }),
  };
}

type Statement = { readonly name: string; readonly text: string; readonly values: unknown[] };

function insertMembers(id: string, members: readonly string[]): Statement {
  return {
    name: 'warden.group.insertMembers',
    text: `INSERT INTO warden.subject_group_member (group_id, member) SELECT $1, unnest($2::text[])
      ON CONFLICT (group_id, member) DO NOTHING`,
    values: [id, [...members]],
  };
}

async function changeMembers(database: Database, id: string, statement: Statement): Promise<number | undefined> {
  const { answer: isPresent, revision } = await writeAtRevision(database, async (client) => {
    const { rowCount: present } = await client.query({
      name: 'warden.group.isPresent',
      text: 'SELECT FROM warden.subject_group WHERE id = $1',
      values: [id],
    });
    if (present !== 1) return { changed: false, answer: false };
    const { rowCount } = await client.query(statement);
    return { changed: rowCount !== null && rowCount > 0, answer: true };
  });
  return isPresent ? revision : undefined;
}
