import { beforeEach, describe, expect, it } from 'vitest';
import type { Policy } from '../policy.js';
import { PolicyIndex } from '../policy-index.js';
import { policyOf, type WardenStores } from './policy-store.contract.js';

const note = { by: 'alice', reason: 'a test' };

/** What every PolicyHistory and PolicyImports keeps, and what the other stores make of validities. */
export function testPolicyLife(open: () => Promise<WardenStores>): void {
  let stores: WardenStores;
  beforeEach(async () => {
    stores = await open();
  });

  const put = (policy: Policy, ifVersion?: number) => stores.history.write({ kind: 'put', policy, note, ifVersion });

  describe('PolicyHistory', () => {
    it('keeps every version with who made it, and at which revision', async () => {
      const created = await stores.history.write({ kind: 'insert', policy: policyOf('p1'), note });
      const later = policyOf('p1', { effect: 'deny', validFrom: 1_750_000_000_000, validUntil: 1_760_000_000_000 });
      const updated = await put(later);
      const removed = await stores.history.write({ kind: 'remove', id: 'p1', note: { by: 'bob', reason: '' } });
      expect([created, updated, removed]).toMatchObject([
        { outcome: 'written', version: 1 },
        { outcome: 'written', version: 2 },
        { outcome: 'written', version: 3 },
      ]);
      const versions = await stores.history.list('p1', { limit: 10 });
      expect(versions).toMatchObject([
        { version: 3, changedBy: 'bob', policy: undefined },
        { version: 2, changedBy: 'alice', reason: 'a test', policy: later },
        { version: 1, changedBy: 'alice', policy: policyOf('p1') },
      ]);
      const revisions = [removed, updated, created].map((one) => (one.outcome === 'written' ? one.revision : 0));
      expect(versions.map(({ revision }) => revision)).toEqual(revisions);
      expect(versions.every(({ changedAt }) => Number.isFinite(changedAt) && changedAt > 0)).toBe(true);
      expect(await stores.history.find('p1', 2)).toEqual(versions[1]);
      expect(await stores.history.list('p1', { limit: 1, before: 3 })).toEqual([versions[1]]);
      expect(await stores.history.find('p1', 4)).toBeUndefined();
      expect(await stores.history.list('p2', { limit: 10 })).toEqual([]);
    });

    it('counts on after a removal, and keeps what other writers write', async () => {
      await stores.policies.insert(policyOf('p1'));
      await stores.policies.remove('p1');
      await stores.policies.put(policyOf('p1'));
      expect((await stores.history.list('p1', { limit: 10 })).map(({ version }) => version)).toEqual([3, 2, 1]);
      expect(await stores.history.findCurrent('p1')).toEqual({ policy: policyOf('p1'), version: 3 });
    });

    it('keeps no version of what was not changed', async () => {
      await stores.history.write({ kind: 'insert', policy: policyOf('p1'), note });
      expect(await stores.history.write({ kind: 'insert', policy: policyOf('p1'), note })).toEqual({
        outcome: 'taken',
      });
      const before = await stores.reader.readRevision();
      expect(await stores.history.write({ kind: 'remove', id: 'p2', note })).toEqual({
        outcome: 'written',
        revision: before.number,
        version: 0,
      });
      expect(await stores.history.list('p2', { limit: 10 })).toEqual([]);
      expect(await stores.history.list('p1', { limit: 10 })).toHaveLength(1);
    });

    it('changes a policy of a version that was named, and no other', async () => {
      const later = policyOf('p1', { effect: 'deny' });
      expect(await put(later, 0)).toEqual({ outcome: 'other_version' });
      await put(policyOf('p1'));
      const before = await stores.reader.readRevision();
      expect(await put(later, 2)).toEqual({ outcome: 'other_version' });
      expect(await stores.history.write({ kind: 'remove', id: 'p1', note, ifVersion: 2 })).toEqual({
        outcome: 'other_version',
      });
      expect(await stores.reader.readRevision()).toEqual(before);
      expect(await put(later, 1)).toMatchObject({ outcome: 'written', version: 2 });
      expect(await put(policyOf('p1'), 0)).toMatchObject({ outcome: 'written', version: 3 });
      expect(await stores.history.write({ kind: 'remove', id: 'p1', note, ifVersion: 3 })).toMatchObject({
        version: 4,
      });
      // A policy that is gone is of no version, also not of the one that removed it.
      expect(await put(policyOf('p1'), 4)).toEqual({ outcome: 'other_version' });
    });

    it('lets one of many changes of the same version win', async () => {
      await put(policyOf('p1'));
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, i) => put(policyOf('p1', { description: `${i}` }), 1)),
      );
      expect(answers.filter(({ outcome }) => outcome === 'written')).toHaveLength(1);
      expect(await stores.history.list('p1', { limit: 10 })).toHaveLength(2);
    });
  });

  describe('a validity', () => {
    it('is read back to the millisecond, from the state and from changes as well', async () => {
      const bounds = { validFrom: 1_750_000_000_001, validUntil: 253_402_300_799_999 };
      await stores.policies.put(policyOf('other'));
      const since = await stores.reader.readRevision();
      await stores.policies.put(policyOf('p1', bounds));
      expect(await stores.policies.find('p1')).toEqual(policyOf('p1', bounds));
      expect((await stores.reader.readState()).policies).toMatchObject([{ id: 'other' }, { id: 'p1', ...bounds }]);
      expect((await stores.reader.readChanges(since))?.policies).toMatchObject([{ id: 'p1', ...bounds }]);
      await stores.policies.put(policyOf('p1'));
      const [changed] = (await stores.reader.readChanges(since))?.policies ?? [];
      expect([changed?.id, changed?.validFrom, changed?.validUntil]).toEqual(['p1', undefined, undefined]);
    });
  });

  describe('a page of policies', () => {
    it('goes on after an ID, and says its revision and how many there are', async () => {
      for (const id of ['b', 'B', 'a']) await stores.policies.insert(policyOf(id, { validFrom: 5 }));
      const { number: revision } = await stores.reader.readRevision();
      const page = async (after: string, limit: number) => {
        const { policies, ...rest } = await stores.policies.page(after, limit);
        expect(rest).toEqual({ revision, total: 3 });
        return policies;
      };
      expect(await page('', 2)).toEqual(['B', 'a'].map((id) => policyOf(id, { validFrom: 5 })));
      expect((await page('a', 2)).map(({ id }) => id)).toEqual(['b']);
      expect(await page('b', 2)).toEqual([]);
    });
  });

  describe('PolicyImports', () => {
    it('changes nothing before it is committed, and then all at one revision', async () => {
      await stores.policies.insert(policyOf('same'));
      await stores.policies.insert(policyOf('other'));
      const changed = policyOf('other', { effect: 'deny', validUntil: 2_000_000_000_000 });
      const fresh = Array.from({ length: 20 }, (_, i) => policyOf(`new${i}`, { subjects: [`s"${i}`, '<.*>'] }));
      const before = await stores.reader.readRevision();
      const id = await stores.imports.begin('alice');
      expect(await stores.imports.stage(id, 'alice', [policyOf('same'), changed])).toBe(2);
      expect(await stores.imports.stage(id, 'alice', fresh)).toBe(22);
      expect(await stores.reader.readRevision()).toEqual(before);
      const counts = await stores.imports.commit(id, { note, prune: false });
      expect(counts).toEqual({ created: 20, updated: 1, removed: 0, unchanged: 1, revision: before.number + 1 });
      expect((await stores.reader.readRevision()).number).toBe(before.number + 1);
      expect(await stores.policies.find('other')).toEqual(changed);
      expect(await stores.policies.find('new7')).toEqual(fresh[7]);
      expect(await stores.history.list('same', { limit: 10 })).toHaveLength(1);
      expect(await stores.history.list('new7', { limit: 10 })).toMatchObject([{ version: 1, changedBy: 'alice' }]);
      expect((await stores.reader.readChanges(before))?.policies).toHaveLength(21);
      expect(await stores.imports.commit(id, { note, prune: false })).toBe('unknown');
    });

    it('removes what it does not hold, where that is asked for', async () => {
      for (const one of ['a', 'b', 'c']) await stores.policies.insert(policyOf(one));
      const before = await stores.reader.readRevision();
      const index = new PolicyIndex(await stores.reader.readState());
      const id = await stores.imports.begin('alice');
      await stores.imports.stage(id, 'alice', [policyOf('b')]);
      expect(await stores.imports.commit(id, { note, prune: true })).toMatchObject({ removed: 2, unchanged: 1 });
      const changes = await stores.reader.readChanges(before);
      expect(new Set(changes?.removedPolicyIds)).toEqual(new Set(['a', 'c']));
      if (changes !== undefined) index.apply(changes);
      expect(index.policyCount).toBe(1);
      expect(await stores.history.list('a', { limit: 1 })).toMatchObject([{ version: 2, policy: undefined }]);
    });

    it('raises no revision when everything was so already', async () => {
      await stores.policies.insert(policyOf('a', { validFrom: 1_750_000_000_123 }));
      const before = await stores.reader.readRevision();
      const id = await stores.imports.begin('alice');
      await stores.imports.stage(id, 'alice', [policyOf('a', { validFrom: 1_750_000_000_123 })]);
      expect(await stores.imports.commit(id, { note, prune: true })).toMatchObject({
        unchanged: 1,
        revision: before.number,
      });
      expect(await stores.reader.readRevision()).toEqual(before);
    });

    it('is committed at the revision that was named, or stays', async () => {
      const { number: revision } = await stores.reader.readRevision();
      const id = await stores.imports.begin('alice');
      await stores.imports.stage(id, 'alice', [policyOf('a')]);
      const other = await stores.policies.put(policyOf('b'));
      expect(await stores.imports.commit(id, { note, prune: false, ifRevision: revision })).toBe('other_revision');
      expect(await stores.policies.find('a')).toBeUndefined();
      expect(await stores.imports.commit(id, { note, prune: false, ifRevision: other })).toMatchObject({ created: 1 });
    });

    it('refuses an ID for the second time, and stages nothing of that chunk', async () => {
      const id = await stores.imports.begin('alice');
      await stores.imports.stage(id, 'alice', [policyOf('a')]);
      const twice = { refused: 'twice', id: 'a' };
      expect(await stores.imports.stage(id, 'alice', [policyOf('b'), policyOf('a')])).toEqual(twice);
      const again = { refused: 'twice', id: 'c' };
      expect(await stores.imports.stage(id, 'alice', [policyOf('c'), policyOf('c')])).toEqual(again);
      expect(await stores.imports.stage(id, 'alice', [policyOf('d')])).toBe(2);
    });

    it('belongs to who opened it, and can be forgotten', async () => {
      const id = await stores.imports.begin('alice');
      expect(await stores.imports.stage(id, 'mallory', [policyOf('a')])).toEqual({ refused: 'unknown' });
      await stores.imports.abort(id, 'mallory');
      expect(await stores.imports.stage(id, 'alice', [policyOf('a')])).toBe(1);
      const stolen = { note: { by: 'mallory', reason: '' }, prune: true };
      expect(await stores.imports.commit(id, stolen)).toBe('unknown');
      await stores.imports.abort(id, 'alice');
      expect(await stores.imports.commit(id, { note, prune: true })).toBe('unknown');
      for (const unknown of ['', 'x', '00000000-0000-4000-8000-000000000000']) {
        expect(await stores.imports.stage(unknown, 'alice', [])).toEqual({ refused: 'unknown' });
        await stores.imports.abort(unknown, 'alice');
      }
    });
  });
}
