import type { Policy } from '@castellan/policy';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import type { wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from './testing/messages.js';
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
  await database.database.pool.query('DELETE FROM warden.policy');
});

async function put(id: string, members: Partial<Policy> = {}): Promise<number> {
  return (await one.policies().putPolicy({ policy: messageOf(id, members) })).revision;
}

describe('Policies', () => {
  it('stores, reads, replaces and removes', async () => {
    const conditions = { owner: { type: 'EqualsSubjectCondition', options: {} } };
    const policy = messageOf('p', { conditions, subjects: ['b', 'a'] });
    const created = await one.policies().createPolicy({ policy });
    expect(created.policy).toEqual(policy);
    expect(await two.policies().getPolicy({ id: 'p' })).toEqual({ policy });
    const replacement = messageOf('p', { effect: 'deny' });
    const stored = await two.policies().putPolicy({ policy: replacement });
    expect(stored.revision).toBeGreaterThan(created.revision);
    expect(await one.policies().getPolicy({ id: 'p' })).toEqual({ policy: replacement });
    const removed = await one.policies().deletePolicy({ id: 'p' });
    expect(removed.revision).toBeGreaterThan(stored.revision);
    expect(await one.policies().deletePolicy({ id: 'p' })).toEqual(removed);
    await expect(one.policies().getPolicy({ id: 'p' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gives a policy without an ID a UUID', async () => {
    const { policy } = await one.policies().createPolicy({ policy: messageOf('') });
    expect(policy?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await one.policies().getPolicy({ id: policy?.id ?? '' })).toEqual({ policy });
  });

  it('refuses to create what exists, and leaves it as it is', async () => {
    await put('deny-mallory', { subjects: ['mallory'], effect: 'deny' });
    const attack = messageOf('deny-mallory', { subjects: ['mallory'], effect: 'allow' });
    await expect(one.policies().createPolicy({ policy: attack })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect((await one.policies().getPolicy({ id: 'deny-mallory' })).policy?.effect).toBe('deny');
  });

  it.each([
    ['no policy', undefined, 'policy: is missing'],
    ['no ID', { id: '' }, 'id: must not be empty'],
    ['an ID that is a path', { id: '..' }, 'id:'],
    ['an effect in capitals', { effect: 'ALLOW' }, "effect: must be 'allow' or 'deny'"],
    ['no effect', { effect: '' }, 'effect:'],
    ['an unbalanced template', { subjects: ['ok', '<a'] }, "subjects[1]: unbalanced '<' at position 0"],
    ['a lookahead', { resources: ['<(?=a)>'] }, 'resources[0]:'],
    ['conditions that are not JSON', { conditionsJson: '{' }, 'conditions: are not JSON'],
    ['conditions that are a list', { conditionsJson: '[]' }, 'conditions: must be an object'],
    [
      'an unknown condition',
      { conditionsJson: '{"a":{"type":"Nope"}}' },
      'conditions.a: Could not find condition type Nope',
    ],
    [
      'a bad network',
      { conditionsJson: '{"a":{"type":"CIDRCondition","options":{"cidr":"10.0.0.0/99"}}}' },
      'conditions.a:',
    ],
    ['too many templates', { subjects: Array.from({ length: 1001 }, (_, i) => `s${i}`) }, 'subjects:'],
  ] as [string, Partial<wardenV1.Policy> | undefined, string][])(
    'refuses to put %s, and stores nothing',
    async (_what, members, message) => {
      const policy = members === undefined ? undefined : { ...messageOf('p'), ...members };
      const refusal = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) as unknown };
      await expect(one.policies().putPolicy({ policy })).rejects.toMatchObject(refusal);
      if (members?.id !== '') await expect(one.policies().createPolicy({ policy })).rejects.toMatchObject(refusal);
      expect(await one.policies().listPolicies({ limit: 0, offset: 0 })).toEqual({ policies: [] });
    },
  );

  it('lists whole policies by ID, page by page', async () => {
    for (const id of ['c', 'a', 'b']) await put(id, { subjects: ['x', 'y'] });
    const list = async (limit: number, offset: number): Promise<string[]> => {
      const { policies } = await one.policies().listPolicies({ limit, offset });
      expect(policies.every(({ subjects }) => subjects.length === 2)).toBe(true);
      return policies.map(({ id }) => id);
    };
    expect(await list(0, 0)).toEqual(['a', 'b', 'c']);
    expect(await list(2, 0)).toEqual(['a', 'b']);
    expect(await list(2, 2)).toEqual(['c']);
    expect(await list(1, 9)).toEqual([]);
    for (const page of [
      { limit: -1, offset: 0 },
      { limit: 10_001, offset: 0 },
      { limit: 0, offset: -1 },
    ]) {
      await expect(one.policies().listPolicies(page)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });
});
