import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Policy } from '../policy.js';
import { PolicyIndex } from '../policy-index.js';
import type { MemoryWarden } from './memory-stores.js';

/** The stores under test, all of one Warden. */
export type WardenStores = MemoryWarden;

/** What every PolicyStore, GroupStore and PolicyStateReader keeps. `open` answers empty stores for each test. */
export function testWardenStores(open: () => Promise<WardenStores>): void {
  let stores: WardenStores;
  beforeEach(async () => {
    stores = await open();
  });

  async function revision(): Promise<number> {
    return (await stores.reader.readRevision()).number;
  }

  describe('PolicyStore', () => {
    it('reads back a policy exactly as it was stored', async () => {
      const policy = policyOf('p1', {
        description: "Peter “reads” \\ 'quotes'; -- \u{1f600}\n",
        subjects: ['z', 'a', '<[^:]+>'],
        resources: ['{"a,b"}', 'b', ''.padEnd(1024, 'x')],
        actions: ['NULL', 'get'],
        conditions: {
          ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } },
          __proto__x: { type: 'EqualsSubjectCondition', options: {} },
          ...(JSON.parse('{"__proto__":{"type":"BooleanCondition","options":{"value":true}}}') as Policy['conditions']),
        },
      });
      expect(await stores.policies.insert(policy)).toBe(await revision());
      const stored = await stores.policies.find('p1');
      expect(stored).toEqual(policy);
      expect(Object.hasOwn(stored?.conditions ?? {}, '__proto__')).toBe(true);
    });

    it('reads back empty lists and no conditions', async () => {
      const policy = policyOf('p1', { subjects: [], resources: [], actions: [], conditions: {} });
      await stores.policies.insert(policy);
      expect(await stores.policies.find('p1')).toEqual(policy);
    });

    it('keeps IDs apart by case', async () => {
      await stores.policies.insert(policyOf('P', { effect: 'deny' }));
      expect(await stores.policies.find('p')).toBeUndefined();
      expect(await stores.policies.insert(policyOf('p'))).toBeDefined();
      expect((await stores.policies.find('P'))?.effect).toBe('deny');
    });

    it('refuses a taken ID without merging and without raising the revision', async () => {
      const deny = policyOf('p1', { effect: 'deny', subjects: ['mallory'] });
      await stores.policies.insert(deny);
      const before = await stores.reader.readRevision();
      expect(await stores.policies.insert(policyOf('p1', { subjects: ['eve'] }))).toBeUndefined();
      expect(await stores.policies.find('p1')).toEqual(deny);
      expect(await stores.reader.readRevision()).toEqual(before);
    });

    it('lets one of many simultaneous inserts of an ID win', async () => {
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, i) => stores.policies.insert(policyOf('p1', { description: `${i}` }))),
      );
      expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
      const winner = answers.findIndex((answer) => answer !== undefined);
      expect((await stores.policies.find('p1'))?.description).toBe(`${winner}`);
    });

    it('replaces a policy completely, also when it was absent', async () => {
      const first = policyOf('p1', {
        subjects: ['a', 'b'],
        conditions: { owner: { type: 'EqualsSubjectCondition', options: {} } },
      });
      const second = policyOf('p1', { subjects: ['c'], effect: 'deny' });
      const inserted = await stores.policies.put(first);
      const replaced = await stores.policies.put(second);
      expect(replaced).toBeGreaterThan(inserted);
      expect(await stores.policies.find('p1')).toEqual(second);
    });

    it('never mixes two policies put at once', async () => {
      const versions = Array.from({ length: 12 }, (_, i) =>
        policyOf('p1', { subjects: [`s${i}`], resources: [`r${i}`], actions: [`a${i}`], description: `${i}` }),
      );
      await Promise.all(versions.map((version) => stores.policies.put(version)));
      expect(versions).toContainEqual(await stores.policies.find('p1'));
    });

    it('removes a policy, and passes over an absent one without raising the revision', async () => {
      const inserted = (await stores.policies.insert(policyOf('p1'))) ?? 0;
      const removed = await stores.policies.remove('p1');
      expect(removed).toBeGreaterThan(inserted);
      expect(await stores.policies.find('p1')).toBeUndefined();
      expect(await stores.policies.remove('p1')).toBe(removed);
      expect(await revision()).toBe(removed);
    });

    it('lists whole policies in order of the bytes of their IDs', async () => {
      const ids = ['b', 'B', 'a', '~', '1', 'ab', 'a-b'];
      for (const id of ids) await stores.policies.insert(policyOf(id, { subjects: ['s', 't'], resources: ['u', 'v'] }));
      const all = await stores.policies.list({ limit: 100, offset: 0 });
      expect(all.map(({ id }) => id)).toEqual(['1', 'B', 'a', 'a-b', 'ab', 'b', '~']);
      expect(all.every(({ subjects, resources }) => subjects.length === 2 && resources.length === 2)).toBe(true);
    });

    it.each([
      { limit: 2, offset: 0, ids: ['p0', 'p1'] },
      { limit: 2, offset: 2, ids: ['p2', 'p3'] },
      { limit: 2, offset: 4, ids: ['p4'] },
      { limit: 2, offset: 5, ids: [] },
      { limit: 1, offset: 100, ids: [] },
      { limit: 100, offset: 3, ids: ['p3', 'p4'] },
    ])('pages $limit after $offset', async ({ limit, offset, ids }) => {
      for (let i = 0; i < 5; i++) await stores.policies.insert(policyOf(`p${i}`));
      expect((await stores.policies.list({ limit, offset })).map(({ id }) => id)).toEqual(ids);
    });
  });

  describe('GroupStore', () => {
    it('stores a group with its members in order, and refuses a taken ID', async () => {
      expect(await stores.groups.insert({ id: 'g1', members: ['b', 'a', 'B'] })).toBe(await revision());
      expect(await stores.groups.find('g1')).toEqual({ id: 'g1', members: ['B', 'a', 'b'] });
      const before = await stores.reader.readRevision();
      expect(await stores.groups.insert({ id: 'g1', members: ['eve'] })).toBeUndefined();
      expect(await stores.groups.find('g1')).toEqual({ id: 'g1', members: ['B', 'a', 'b'] });
      expect(await stores.reader.readRevision()).toEqual(before);
    });

    it('stores the longest ID and the longest member', async () => {
      const group = { id: 'g'.repeat(255), members: [randomText(2048)] };
      await stores.groups.insert(group);
      expect(await stores.groups.find(group.id)).toEqual(group);
      expect(await stores.groups.findByMember(group.members[0] ?? '')).toEqual([group.id]);
    });

    it('stores a group without members', async () => {
      await stores.groups.insert({ id: 'g1', members: [] });
      expect(await stores.groups.find('g1')).toEqual({ id: 'g1', members: [] });
      expect(await stores.groups.find('g2')).toBeUndefined();
    });

    it('finds the groups of a direct member, in order', async () => {
      await stores.groups.insert({ id: 'g2', members: ['peter'] });
      await stores.groups.insert({ id: 'g1', members: ['peter', 'ken'] });
      await stores.groups.insert({ id: 'outer', members: ['g1'] });
      expect(await stores.groups.findByMember('peter')).toEqual(['g1', 'g2']);
      expect(await stores.groups.findByMember('g1')).toEqual(['outer']);
      expect(await stores.groups.findByMember('Peter')).toEqual([]);
    });

    it('adds members, of which those that are there stay', async () => {
      const inserted = (await stores.groups.insert({ id: 'g1', members: ['a'] })) ?? 0;
      const added = (await stores.groups.addMembers('g1', ['a', 'b'])) ?? 0;
      expect(added).toBeGreaterThan(inserted);
      expect(await stores.groups.addMembers('g1', ['a', 'b'])).toBe(added);
      expect((await stores.groups.find('g1'))?.members).toEqual(['a', 'b']);
    });

    it('removes members, and passes over those that are absent', async () => {
      const inserted = (await stores.groups.insert({ id: 'g1', members: ['a', 'b'] })) ?? 0;
      expect(await stores.groups.removeMembers('g1', ['c'])).toBe(inserted);
      expect(await stores.groups.removeMembers('g1', ['a', 'c'])).toBeGreaterThan(inserted);
      expect((await stores.groups.find('g1'))?.members).toEqual(['b']);
    });

    it('adds to and removes from an absent group nothing', async () => {
      const before = await stores.reader.readRevision();
      expect(await stores.groups.addMembers('nope', ['a'])).toBeUndefined();
      expect(await stores.groups.removeMembers('nope', ['a'])).toBeUndefined();
      expect(await stores.groups.findByMember('a')).toEqual([]);
      expect(await stores.reader.readRevision()).toEqual(before);
    });

    it('removes a group with its memberships; one made anew is empty', async () => {
      const inserted = (await stores.groups.insert({ id: 'g1', members: ['a'] })) ?? 0;
      const removed = await stores.groups.remove('g1');
      expect(removed).toBeGreaterThan(inserted);
      expect(await stores.groups.remove('g1')).toBe(removed);
      await stores.groups.insert({ id: 'g1', members: [] });
      expect(await stores.groups.findByMember('a')).toEqual([]);
    });

    it('keeps the members of simultaneous writes', async () => {
      await stores.groups.insert({ id: 'g1', members: [] });
      await Promise.all(Array.from({ length: 12 }, (_, i) => stores.groups.addMembers('g1', [`m${i}`, 'same'])));
      expect((await stores.groups.find('g1'))?.members).toHaveLength(13);
    });
  });

  describe('PolicyStateReader', () => {
    it('marks every write with a new revision', async () => {
      const marks = new Set([(await stores.reader.readRevision()).mark]);
      const numbers = [await revision()];
      for (const write of [
        () => stores.policies.insert(policyOf('p1')),
        () => stores.policies.put(policyOf('p1')),
        () => stores.policies.remove('p1'),
        () => stores.groups.insert({ id: 'g1', members: [] }),
        () => stores.groups.addMembers('g1', ['a']),
        () => stores.groups.removeMembers('g1', ['a']),
        () => stores.groups.remove('g1'),
      ]) {
        const answer = await write();
        const read = await stores.reader.readRevision();
        expect(answer).toBe(read.number);
        marks.add(read.mark);
        numbers.push(read.number);
      }
      expect(marks.size).toBe(8);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(new Set(numbers).size).toBe(8);
    });

    it('reads a state that compiles and is of one revision', async () => {
      await stores.policies.insert(policyOf('p1'));
      await stores.groups.insert({ id: 'g1', members: ['a', 'b'] });
      const state = await stores.reader.readState();
      expect(state.revision).toEqual(await stores.reader.readRevision());
      expect(state.policies).toMatchObject([{ id: 'p1', effect: 'allow', subjects: ['peter'] }]);
      expect(state.memberships).toHaveLength(2);
      expect(new PolicyIndex(state).invalidPolicyIds).toEqual([]);
    });

    it('reads what changed since a revision, each thing as it is now', async () => {
      await stores.policies.insert(policyOf('gone'));
      await stores.policies.insert(policyOf('same'));
      await stores.groups.insert({ id: 'g1', members: ['a', 'b'] });
      await stores.groups.insert({ id: 'g2', members: ['a'] });
      const since = await stores.reader.readRevision();
      expect(await stores.reader.readChanges(since)).toEqual({
        revision: since,
        policies: [],
        removedPolicyIds: [],
        memberships: [],
      });
      await stores.policies.put(policyOf('new', { effect: 'deny' }));
      await stores.policies.put(policyOf('new', { subjects: ['<.*>'] }));
      await stores.policies.remove('gone');
      await stores.groups.addMembers('g1', ['c']);
      await stores.groups.removeMembers('g1', ['a']);
      await stores.groups.remove('g2');
      const changes = await stores.reader.readChanges(since);
      expect(changes?.revision).toEqual(await stores.reader.readRevision());
      expect(changes?.policies).toMatchObject([{ id: 'new', effect: 'allow', subjects: ['<.*>'] }]);
      expect(changes?.removedPolicyIds).toEqual(['gone']);
      expect(new Set(changes?.memberships)).toEqual(
        new Set([
          { groupId: 'g1', member: 'a', isPresent: false },
          { groupId: 'g1', member: 'c', isPresent: true },
          { groupId: 'g2', member: 'a', isPresent: false },
        ]),
      );
    });

    it('reads no changes since a revision of another history', async () => {
      await stores.policies.insert(policyOf('p1'));
      const { number } = await stores.reader.readRevision();
      expect(await stores.reader.readChanges({ number, mark: randomUUID() })).toBeUndefined();
      expect(await stores.reader.readChanges({ number: number + 1, mark: randomUUID() })).toBeUndefined();
    });

    it('leads an index from any revision to the state that a new one has', async () => {
      await stores.policies.put(policyOf('first'));
      const index = new PolicyIndex(await stores.reader.readState());
      for (let i = 0; i < 30; i++) {
        await stores.policies.put(
          policyOf(`p${i % 7}`, { subjects: [`s${i}`, 'g'], effect: i % 5 === 0 ? 'deny' : 'allow' }),
        );
        if (i % 3 === 0) await stores.policies.remove(`p${(i + 3) % 7}`);
        await stores.groups.insert({ id: 'g', members: [`m${i}`] });
        await stores.groups.addMembers('g', [`m${i % 4}`]);
        if (i % 4 === 0) await stores.groups.remove('g');
        if (i % 2 === 0) continue;
        const changes = await stores.reader.readChanges(index.revision);
        if (changes !== undefined) index.apply(changes);
        const fresh = new PolicyIndex(await stores.reader.readState());
        expect(index.revision).toEqual(fresh.revision);
        for (let j = 0; j <= i; j++) {
          for (const subject of [`s${j}`, `m${j}`]) {
            const request = { subject, resource: 'articles:1', action: 'read', context: {}, anonymous: false };
            expect(index.decide(request)).toEqual(fresh.decide(request));
          }
        }
      }
    });

    it('never reads policies of another revision than it answers', async () => {
      await stores.policies.put(policyOf('p1', { description: 'n' }));
      const numberOf = new Map<string, number>();
      const writing = (async () => {
        for (let i = 0; i < 25; i++) {
          numberOf.set(`s${i}`, await stores.policies.put(policyOf('p1', { subjects: [`s${i}`] })));
        }
      })();
      const states = [];
      for (let i = 0; i < 25; i++) states.push(await stores.reader.readState());
      await writing;
      for (const { revision: read, policies } of states) {
        const subject = policies[0]?.subjects[0] ?? '';
        if (subject !== 'peter') expect(numberOf.get(subject)).toBe(read.number);
      }
    });
  });
}

/** Text that does not compress, of so many bytes. */
function randomText(length: number): string {
  return randomBytes(length).toString('base64').slice(0, length);
}

/** A policy that allows Peter to read, but for what is given. */
export function policyOf(id: string, members: Partial<Policy> = {}): Policy {
  return {
    id,
    description: '',
    subjects: ['peter'],
    effect: 'allow',
    resources: ['articles:1'],
    actions: ['read'],
    conditions: {},
    ...members,
  };
}
