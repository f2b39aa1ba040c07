import { testWardenStores, type WardenStores } from '@castellan/policy/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database.js';
import { createTestDatabase, type TestDatabase } from '../testing.js';
import { createPostgresGroupStore } from './group-store.js';
import { claimWardenSecret } from './key-check.js';
import { createPostgresPolicyStateReader } from './policy-state-reader.js';
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
    await test.database.pool.query('TRUNCATE warden.policy, warden.subject_group, warden.subject_group_member');
    return {
      policies: createPostgresPolicyStore(test.database),
      groups: createPostgresGroupStore(test.database),
      // Another replica reads, so that every write is proven to be visible there when it returns.
      reader: createPostgresPolicyStateReader(replica),
    };
  }

  testWardenStores(openEmpty);

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
    const claims = await Promise.all(secrets.map((secret) => claimWardenSecret(test.database, secret)));
    expect(claims.filter((claimed) => claimed)).toHaveLength(1);
    for (const [index, secret] of secrets.entries()) {
      expect(await claimWardenSecret(replica, secret)).toBe(claims[index]);
      expect(await claimWardenSecret(replica, { ...secret, verifier: 'forged' })).toBe(false);
    }
  });

  it('takes note of the clock of the database', async () => {
    await test.advanceClock(3_600_000);
    await createPostgresPolicyStateReader(replica).readRevision();
    expect(replica.now()).toBeGreaterThan(Date.now() + 3_500_000);
  });
});
