import { policyOf, testPolicyLife, testWardenStores, type WardenStores } from '@castellan/policy/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database.js';
import { createTestDatabase, type TestDatabase } from '../testing.js';
import { createPostgresGroupStore } from './group-store.js';
import { addDerivedSecret, claimDerivedSecrets, removeDerivedSecret } from '../secret-claim.js';
import { createPostgresPolicyStateReader } from './policy-state-reader.js';
import { createPostgresPolicyHistory } from './policy-history.js';
import { createPostgresPolicyImports } from './policy-imports.js';
import { createPostgresPolicyStore } from './policy-store.js';

describe('the PostgreSQL stores of the Warden', () => {
  let test: TestDatabase;
  let replica: Database;

  beforeAll(async () => {
    test = await createTestDatabase('warden');
    replica = await test.openReplica();
  });

  afterAll(async () => {
    await test.drop();
  });

  async function openEmpty(): Promise<WardenStores> {
    await test.database.pool.query(`
      TRUNCATE warden.policy, warden.policy_version, warden.subject_group, warden.subject_group_member`);
    return {
      policies: createPostgresPolicyStore(test.database),
      history: createPostgresPolicyHistory(test.database),
      imports: createPostgresPolicyImports(test.database),
      groups: createPostgresGroupStore(test.database),
      // Another replica reads, so that every write is proven to be visible there when it returns.
      reader: createPostgresPolicyStateReader(replica),
    };
  }

  testWardenStores(openEmpty);
  testPolicyLife(openEmpty);

  it('keeps a version of what a hand changes in the table', async () => {
    const stores = await openEmpty();
    await stores.policies.insert(policyOf('p1'));
    await test.database.pool.query(`UPDATE warden.policy SET effect = 'deny', valid_until = 'epoch' WHERE id = 'p1'`);
    const [version] = await stores.history.list('p1', { limit: 1 });
    expect(version).toMatchObject({ version: 2, policy: { effect: 'deny', validUntil: 0 } });
    expect(version?.changedBy).toMatch(/^database:/);
    await expect(
      test.database.pool.query(`UPDATE warden.policy SET valid_from = 'infinity' WHERE id = 'p1'`),
    ).rejects.toMatchObject({ code: '23514' });
  });

  it('forgets an import that nobody committed within an hour', async () => {
    const stores = await openEmpty();
    const id = await stores.imports.begin('alice');
    await stores.imports.stage(id, 'alice', [policyOf('a')]);
    await test.advanceClock(3_601_000);
    expect(await stores.imports.stage(id, 'alice', [policyOf('b')])).toEqual({ refused: 'unknown' });
    await stores.imports.begin('alice');
    const { rows } = await test.database.pool.query('SELECT FROM warden.policy_import_item');
    expect(rows).toEqual([]);
  });

  it('stores nothing of a write that fails half-way', async () => {
    const stores = await openEmpty();
    const before = await stores.reader.readRevision();
    await expect(stores.groups.insert({ id: 'g1', members: ['a', 'b\0'] })).rejects.toThrow();
    expect(await stores.groups.find('g1')).toBeUndefined();
    expect(await stores.reader.readRevision()).toEqual(before);
  });

  it('gives the writes of two replicas different revisions', async () => {
    const stores = await openEmpty();
    const others = createPostgresGroupStore(replica);
    const revisions = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? stores.groups : others).insert({ id: `g${i}`, members: [] })),
    );
    expect(new Set(revisions).size).toBe(20);
  });

  it('knows its secret again, and no other', async () => {
    const secrets = [1, 2].map((n) => ({ keyId: `id-${n}`, verifier: `verifier-${n}` }));
    const claims = await Promise.all(secrets.map((secret) => claimDerivedSecrets(test.database, 'warden', [secret])));
    expect(claims.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
    for (const [index, secret] of secrets.entries()) {
      expect(await claimDerivedSecrets(replica, 'warden', [secret])).toEqual(claims[index]);
      const forged = await claimDerivedSecrets(replica, 'warden', [{ ...secret, verifier: 'forged' }]);
      expect(forged.kind).toBe('refused');
    }
    // A further one is held by everybody first, then registered, and the first is forgotten in the end.
    const [known = secrets[0], other = secrets[1]] = claims[0]?.kind === 'accepted' ? secrets : secrets.toReversed();
    if (known === undefined || other === undefined) throw new Error('unreachable');
    const both = [other, known];
    expect(await claimDerivedSecrets(replica, 'warden', both)).toEqual({ kind: 'accepted', inUse: known.keyId });
    await addDerivedSecret(test.database, 'warden', other);
    expect(await claimDerivedSecrets(replica, 'warden', both)).toEqual({ kind: 'accepted', inUse: other.keyId });
    expect(await claimDerivedSecrets(replica, 'warden', [known])).toEqual({ kind: 'refused', missing: [other.keyId] });
    await removeDerivedSecret(test.database, 'warden', known.keyId);
    expect(await claimDerivedSecrets(replica, 'warden', [other])).toEqual({ kind: 'accepted', inUse: other.keyId });
  });

  it('takes note of the clock of the database', async () => {
    await test.advanceClock(3_600_000);
    await createPostgresPolicyStateReader(replica).readRevision();
    expect(replica.now()).toBeGreaterThan(Date.now() + 3_500_000);
  });
});
