import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkOf, messageOf } from './testing/messages.js';
import { type Replica, startReplica } from './testing/replica.module.js';

let database: TestDatabase;
let one: Replica;
let two: Replica;

beforeAll(async () => {
  database = await createTestDatabase('warden');
  [one, two] = await Promise.all([
    startReplica({ databaseUrl: database.url, cacheMinimumPolicies: 0 }),
    startReplica({ databaseUrl: database.url, cacheMinimumPolicies: 0 }),
  ]);
});

afterAll(async () => {
  await Promise.all([one?.close(), two?.close()]);
  await database?.drop();
});

beforeEach(async () => {
  await database.database.pool.query('DELETE FROM warden.policy; TRUNCATE warden.policy_version');
});

const note = { by: 'alice', reason: '' };

async function isAllowed(replica = one): Promise<boolean> {
  return (await replica.warden().check(checkOf())).allowed;
}

async function databaseNow(): Promise<number> {
  const { rows } = await database.database.pool.query('SELECT warden.castellan_now() AS now');
  return (rows[0] as { now: Date }).now.getTime();
}

describe('a policy with a validity', () => {
  it('begins and ends by the clock of the database, whatever a cache holds', async () => {
    const now = await databaseNow();
    const policy = messageOf('p', { validFrom: now + 60_000, validUntil: now + 120_000 });
    expect((await one.policies().putPolicy({ policy })).policy).toEqual(policy);
    expect((await two.policies().getPolicy({ id: 'p' })).policy).toEqual(policy);
    // Twice, so that the second answer would come from a cache.
    for (const replica of [one, one, two]) expect(await isAllowed(replica)).toBe(false);
    await database.advanceClock(60_000);
    for (const replica of [one, one, two]) expect(await isAllowed(replica)).toBe(true);
    const { results } = await one.warden().batchCheck({ checks: [checkOf()] });
    expect(results[0]?.decision?.allowed).toBe(true);
    await database.advanceClock(60_000);
    for (const replica of [one, one, two]) expect(await isAllowed(replica)).toBe(false);
    const explained = await one.warden('admin').explain({ check: checkOf(), token: '' });
    expect(explained.policies).toMatchObject([{ id: 'p', outsideValidity: 'over', validUntilMs: now + 120_000 }]);
    expect(explained.nearestMiss).toMatchObject({ id: 'p', part: 'validity' });
  });

  it.each([{ validFromMs: 20, validUntilMs: 20 }, { validFromMs: -1 }, { validUntilMs: 300_000_000_000_000 }])(
    'is refused with %j',
    async (validity) => {
      const policy = { ...messageOf('p'), ...validity };
      await expect(one.policies().putPolicy({ policy })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(one.policies().getPolicy({ id: 'p' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    },
  );
});

describe('the history of a policy', () => {
  it('tells who changed what, and leads back there', async () => {
    const created = await one.policies().createPolicy({ policy: messageOf('p'), note });
    const denied = await two.policies().putPolicy({
      policy: messageOf('p', { effect: 'deny' }),
      note: { by: 'mallory', reason: 'hm' },
    });
    expect([created.version, denied.version]).toEqual([1, 2]);
    expect(await isAllowed()).toBe(false);
    const { versions } = await one.policies().listPolicyVersions({ id: 'p', limit: 0, before: 0 });
    expect(versions).toMatchObject([
      { version: 2, revision: denied.revision, changedBy: 'mallory', reason: 'hm', policy: { effect: 'deny' } },
      { version: 1, revision: created.revision, changedBy: 'alice', policy: messageOf('p') },
    ]);
    const back = await two.policies().rollBackPolicy({ id: 'p', version: 1, note: { by: 'bob', reason: 'an error' } });
    expect(back).toMatchObject({ version: 3, policy: messageOf('p') });
    expect(await isAllowed()).toBe(true);
    const [newest] = (await one.policies().listPolicyVersions({ id: 'p', limit: 1, before: 0 })).versions;
    expect(newest).toMatchObject({ version: 3, changedBy: 'bob', reason: 'back to version 1: an error' });
    await one.policies().deletePolicy({ id: 'p', note });
    const again = await one.policies().rollBackPolicy({ id: 'p', version: 2, note });
    expect([again.version, again.policy?.effect]).toEqual([5, 'deny']);
    await expect(one.policies().rollBackPolicy({ id: 'p', version: 4, note })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    await expect(one.policies().rollBackPolicy({ id: 'p', version: 9, note })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('stores nothing of a version that this release refuses', async () => {
    await database.database.pool
      .query(`INSERT INTO warden.policy (id, description, effect, subjects, resources, actions,
      conditions) VALUES ('old', '', 'allow', '{<(>}', '{r}', '{a}', '{}')`);
    await one.policies().putPolicy({ policy: messageOf('old'), note });
    await expect(one.policies().rollBackPolicy({ id: 'old', version: 1, note })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect((await one.policies().getPolicy({ id: 'old' })).policy).toEqual(messageOf('old'));
  });

  it('WP-35: of two changes of one version the second is refused', async () => {
    await one.policies().putPolicy({ policy: messageOf('p'), note });
    const changes = await Promise.allSettled(
      [one, two].map((replica, i) =>
        replica
          .policies()
          .putPolicy({ policy: messageOf('p', { subjects: [`s${i}`], resources: [`r${i}`] }), ifVersion: 1 }),
      ),
    );
    expect(changes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(changes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ABORTED' } });
    const { policy, version } = await one.policies().getPolicy({ id: 'p', withVersion: true });
    expect(version).toBe(2);
    expect(policy?.subjects[0]?.slice(1)).toBe(policy?.resources[0]?.slice(1));
  });
});

describe('an import', () => {
  async function begin(by = 'alice'): Promise<string> {
    return (await one.policies().beginPolicyImport({ by })).importId;
  }

  it('is staged at any replica and decided by after its commit alone', async () => {
    const importId = await begin();
    await two.policies().stagePolicies({ importId, by: 'alice', policies: [messageOf('p')] });
    expect(await isAllowed()).toBe(false);
    const before = (await one.warden().check(checkOf())).revision;
    const counts = await two.policies().commitPolicyImport({ importId, note, prune: false });
    expect(counts).toEqual({ created: 1, updated: 0, removed: 0, unchanged: 0, revision: before + 1 });
    expect(await isAllowed()).toBe(true);
  });

  it('is all or nothing: a bad policy stages nothing of its chunk, and names itself', async () => {
    const importId = await begin();
    const policies = [messageOf('good'), messageOf('bad', { subjects: ['<('] })];
    await expect(one.policies().stagePolicies({ importId, by: 'alice', policies })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('policies[1] (bad): subjects[0]'),
    });
    await expect(
      one.policies().stagePolicies({ importId, by: 'alice', policies: [messageOf('')] }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const counts = await one.policies().commitPolicyImport({ importId, note, prune: true });
    expect(counts).toMatchObject({ created: 0 });
  });

  it('is refused to others, twice over an ID, and at another revision', async () => {
    const importId = await begin();
    const stage = (by: string, id: string) => one.policies().stagePolicies({ importId, by, policies: [messageOf(id)] });
    await expect(stage('mallory', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await stage('alice', 'p');
    await expect(stage('alice', 'p')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    const stolen = { importId, note: { by: 'mallory', reason: '' }, prune: false };
    await expect(one.policies().commitPolicyImport(stolen)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const late = { importId, note, prune: false, ifRevision: 1 };
    await expect(one.policies().commitPolicyImport(late)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await one.policies().listPolicies({ limit: 0, offset: 0 })).toEqual({ policies: [] });
    await one.policies().abortPolicyImport({ importId, by: 'alice' });
    await expect(one.policies().commitPolicyImport({ importId, note, prune: false })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('belongs to the admin API, as all of this does', async () => {
    for (const peer of ['client', 'token', 'gateway'] as const) {
      const policies = one.policies(peer);
      for (const call of [
        () => policies.beginPolicyImport({ by: 'alice' }),
        () => policies.stagePolicies({ importId: '', by: '', policies: [] }),
        () => policies.commitPolicyImport({ importId: '', note, prune: true }),
        () => policies.abortPolicyImport({ importId: '', by: '' }),
        () => policies.exportPolicies({ after: '', limit: 0 }),
        () => policies.listPolicyVersions({ id: 'p', limit: 0, before: 0 }),
        () => policies.rollBackPolicy({ id: 'p', version: 1 }),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      }
    }
  });
});

describe('an export', () => {
  it('goes page by page through all policies, in pages that fit a message', async () => {
    const importId = (await one.policies().beginPolicyImport({ by: 'alice' })).importId;
    const big = Array.from({ length: 40 }, (_, i) =>
      messageOf(`p${String(i).padStart(2, '0')}`, {
        resources: Array.from({ length: 50 }, (_r, j) => `r${j}`.padEnd(900, 'x')),
      }),
    );
    for (const policy of big) await one.policies().stagePolicies({ importId, by: 'alice', policies: [policy] });
    await one.policies().commitPolicyImport({ importId, note, prune: true });
    const seen: wardenV1.Policy[] = [];
    const sizes: number[] = [];
    for (;;) {
      const page = await two.policies().exportPolicies({ after: seen.at(-1)?.id ?? '', limit: 0 });
      expect(page.total).toBe(40);
      if (page.policies.length === 0) break;
      sizes.push(wardenV1.ExportPoliciesResponse.encode(page).finish().length);
      seen.push(...page.policies);
    }
    expect(seen).toEqual(big);
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThan(1024 * 1024);
  });
});
