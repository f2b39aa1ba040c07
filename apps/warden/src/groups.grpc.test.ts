import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Replica, startReplica } from './testing/replica.module.js';

let database: TestDatabase;
let one: Replica;
let two: Replica;

beforeAll(async () => {
  database = await createTestDatabase('warden');
  [one, two] = await Promise.all([
    startReplica({ databaseUrl: database.url }),
    startReplica({ databaseUrl: database.url }),
  ]);
});

afterAll(async () => {
  await Promise.all([one?.close(), two?.close()]);
  await database?.drop();
});

beforeEach(async () => {
  await database.database.pool.query('DELETE FROM warden.subject_group');
});

describe('Groups', () => {
  it('stores, reads, finds, changes and removes', async () => {
    const created = await one.groups().createGroup({ group: { id: 'g', members: ['b', 'a', 'b'] } });
    expect(created.group).toEqual({ id: 'g', members: ['b', 'a'] });
    expect(await two.groups().getGroup({ id: 'g' })).toEqual({ group: { id: 'g', members: ['a', 'b'] } });
    expect(await two.groups().findGroups({ member: 'a' })).toEqual({ groupIds: ['g'] });
    const added = await two.groups().addMembers({ groupId: 'g', members: ['c', 'a'] });
    expect(added.revision).toBeGreaterThan(created.revision);
    await one.groups().removeMembers({ groupId: 'g', members: ['a', 'nobody'] });
    expect((await one.groups().getGroup({ id: 'g' })).group?.members).toEqual(['b', 'c']);
    await one.groups().deleteGroup({ id: 'g' });
    await one.groups().deleteGroup({ id: 'g' });
    await expect(one.groups().getGroup({ id: 'g' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await one.groups().findGroups({ member: 'b' })).toEqual({ groupIds: [] });
  });

  it('gives a group without an ID a UUID, and refuses a taken one', async () => {
    const { group } = await one.groups().createGroup({ group: { id: '', members: [] } });
    expect(group?.id).toHaveLength(36);
    await expect(one.groups().createGroup({ group: { id: group?.id ?? '', members: ['x'] } })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  it('refuses what is malformed, and knows no absent group', async () => {
    for (const call of [
      () => one.groups().createGroup({ group: undefined }),
      () => one.groups().createGroup({ group: { id: 'a/b', members: [] } }),
      () => one.groups().createGroup({ group: { id: 'g', members: [''] } }),
      () => one.groups().addMembers({ groupId: 'g', members: ['a\0'] }),
      () => one.groups().addMembers({ groupId: '', members: ['a'] }),
      () => one.groups().findGroups({ member: '' }),
      () => one.groups().deleteGroup({ id: '' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    for (const call of [
      () => one.groups().getGroup({ id: 'nope' }),
      () => one.groups().addMembers({ groupId: 'nope', members: ['a'] }),
      () => one.groups().removeMembers({ groupId: 'nope', members: ['a'] }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});
