import type { Policy } from '@castellan/policy';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkOf, messageOf } from './testing/messages.js';
import { type Replica, startReplica } from './testing/replica.module.js';

const { DenialReason } = wardenV1;

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
  const { policies } = await one.policies().listPolicies({ limit: 0, offset: 0 });
  for (const { id } of policies) await one.policies().deletePolicy({ id });
  await database.database.pool.query('DELETE FROM warden.subject_group');
});

async function put(id: string, members: Partial<Policy> = {}): Promise<number> {
  return (await one.policies().putPolicy({ policy: messageOf(id, members) })).revision;
}

describe('Check', () => {
  it('sees every write that returned before it, on every replica', async () => {
    for (let i = 0; i < 10; i++) {
      const effect = i % 2 === 0 ? 'allow' : 'deny';
      const revision = await put('p', { effect });
      for (const replica of [two, one]) {
        expect(await replica.warden().check(checkOf())).toEqual({
          allowed: effect === 'allow',
          reason: effect === 'allow' ? DenialReason.DENIAL_REASON_UNSPECIFIED : DenialReason.DENIAL_REASON_EXPLICIT,
          revision,
        });
      }
    }
    const { revision } = await one.policies().deletePolicy({ id: 'p' });
    expect(await two.warden().check(checkOf())).toEqual({
      allowed: false,
      reason: DenialReason.DENIAL_REASON_DEFAULT,
      revision,
    });
  });

  it('lets a denial override across the subject and all its groups', async () => {
    await one.groups().createGroup({ group: { id: 'readers', members: ['peter', 'mallory'] } });
    await one.groups().createGroup({ group: { id: 'banned', members: ['mallory'] } });
    await put('readers-read', { subjects: ['readers'] });
    await put('banned-not', { subjects: ['banned'], effect: 'deny', resources: ['<.*>'], actions: ['<.*>'] });
    await put('mallory-reads', { subjects: ['mallory'] });
    expect(await two.warden().check(checkOf())).toMatchObject({ allowed: true });
    expect(await two.warden().check(checkOf({ subject: 'mallory' }))).toMatchObject({
      allowed: false,
      reason: DenialReason.DENIAL_REASON_EXPLICIT,
    });
  });

  it('sees a change of a group at once, on every replica', async () => {
    await put('readers-read', { subjects: ['readers'] });
    await one.groups().createGroup({ group: { id: 'readers', members: [] } });
    const isAllowed = async (): Promise<boolean[]> =>
      Promise.all([one, two].map(async (replica) => (await replica.warden().check(checkOf())).allowed));
    expect(await isAllowed()).toEqual([false, false]);
    await one.groups().addMembers({ groupId: 'readers', members: ['peter'] });
    expect(await isAllowed()).toEqual([true, true]);
    await two.groups().removeMembers({ groupId: 'readers', members: ['peter'] });
    expect(await isAllowed()).toEqual([false, false]);
    await two.groups().addMembers({ groupId: 'readers', members: ['peter'] });
    await two.groups().deleteGroup({ id: 'readers' });
    expect(await isAllowed()).toEqual([false, false]);
  });

  it('evaluates conditions on the context', async () => {
    await put('p', { conditions: { ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } } } });
    const allowed = async (context: wardenV1.CheckRequest['context']): Promise<boolean> =>
      (await one.warden().check(checkOf({ context }))).allowed;
    expect(await allowed({ ip: '10.1.2.3' })).toBe(true);
    expect(await allowed({ ip: '::ffff:10.1.2.3' })).toBe(true);
    expect(await allowed({ ip: '11.1.2.3' })).toBe(false);
    expect(await allowed({})).toBe(false);
    expect(await allowed(undefined)).toBe(false);
  });

  it('lets only the admin API ask anonymously, and only then matches the empty subject', async () => {
    await put('p', { subjects: ['<.*>'] });
    const anonymous = checkOf({ subject: '', anonymous: true });
    expect(await one.warden('admin').check(anonymous)).toMatchObject({ allowed: true });
    for (const peer of ['client', 'token'] as const) {
      await expect(one.warden(peer).check(anonymous)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await expect(one.warden('admin').check(checkOf({ anonymous: true }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it.each([
    ['an empty subject', { subject: '' }, 'subject must not be empty'],
    ['an empty resource', { resource: '' }, 'resource must not be empty'],
    ['an empty action', { action: '' }, 'action must not be empty'],
    ['a subject that is too long', { subject: 'x'.repeat(4097) }, 'subject must not be longer'],
    ['NUL in the resource', { resource: 'a\0' }, 'resource holds NUL'],
    ['a number that JSON has not', { context: { a: Number.NaN } }, 'context holds a number'],
    ['a context that is too large', { context: { a: Array.from({ length: 1001 }, () => 1) } }, 'context must not hold'],
    ['a context that is too deep', { context: deep(20) }, 'context must not be deeper'],
  ])('refuses %s', async (_what, members, message) => {
    await put('all', { subjects: ['<.*>'], resources: ['<.*>'], actions: ['<.*>'] });
    await expect(one.warden().check(checkOf(members))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as unknown,
    });
    const { results } = await one.warden().batchCheck({ checks: [checkOf(members), checkOf()] });
    expect(results).toMatchObject([
      { invalidArgument: expect.stringContaining(message) },
      { decision: { allowed: true } },
    ]);
  });

  it('denies what a stored policy that cannot be evaluated might concern, and says so in the log', async () => {
    await put('all', { subjects: ['<.*>'], resources: ['<.*>'], actions: ['<.*>'] });
    await put('broken', { resources: ['secret'] });
    await database.database.pool.query(`UPDATE warden.policy SET subjects = '{<(}' WHERE id = 'broken'`);
    await put('other');
    expect(await one.warden().check(checkOf({ resource: 'secret' }))).toMatchObject({
      allowed: false,
      reason: DenialReason.DENIAL_REASON_POLICY_INVALID,
    });
    expect(await one.warden().check(checkOf())).toMatchObject({ allowed: true });
    expect(one.log.filter((line) => line.includes('level=error') && line.includes('broken'))).toHaveLength(1);
  });
});

function deep(levels: number): { a: unknown } {
  return { a: levels === 0 ? 1 : deep(levels - 1) };
}

describe('BatchCheck', () => {
  it('answers each in order, all at one revision', async () => {
    const revision = await put('p');
    const checks = Array.from({ length: 256 }, (_, i) => checkOf({ subject: i % 3 === 0 ? 'peter' : `s${i}` }));
    const { results } = await one.warden().batchCheck({ checks });
    expect(results.map((result) => result.decision?.allowed)).toEqual(checks.map(({ subject }) => subject === 'peter'));
    expect(new Set(results.map((result) => result.decision?.revision))).toEqual(new Set([revision]));
  });

  it('refuses more than 256, and answers none with none', async () => {
    const checks = Array.from({ length: 257 }, () => checkOf());
    await expect(one.warden().batchCheck({ checks })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await one.warden().batchCheck({ checks: [] })).toEqual({ results: [] });
  });

  it('keeps to one revision while policies change', async () => {
    await put('p', { effect: 'allow' });
    let isDone = false;
    const writing = (async () => {
      for (let i = 0; i < 30; i++) await put('p', { effect: i % 2 === 0 ? 'deny' : 'allow' });
      isDone = true;
    })();
    while (!isDone) {
      const { results } = await two.warden().batchCheck({ checks: Array.from({ length: 20 }, () => checkOf()) });
      expect(new Set(results.map(({ decision }) => `${decision?.allowed} ${decision?.revision}`)).size).toBe(1);
    }
    await writing;
  });
});

describe('the peers of the Warden', () => {
  it.each(['gateway', 'keys', 'warden'] as const)('%s may ask nothing', async (peer) => {
    await expect(one.warden(peer).check(checkOf())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(one.warden(peer).batchCheck({ checks: [] })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('token may ask Check alone', async () => {
    expect(await one.warden('token').check(checkOf())).toMatchObject({ allowed: false });
    await expect(one.warden('token').batchCheck({ checks: [] })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const request = { token: 't', scopes: [], resource: 'r', action: 'a', context: undefined };
    await expect(one.warden('token').checkToken(request)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it.each(['gateway', 'token', 'keys', 'client'] as const)('%s may manage nothing', async (peer) => {
    for (const call of [
      () => one.policies(peer).putPolicy({ policy: messageOf('p') }),
      () => one.policies(peer).listPolicies({ limit: 0, offset: 0 }),
      () => one.groups(peer).createGroup({ group: { id: 'g', members: [] } }),
      () => one.groups(peer).findGroups({ member: 'peter' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    }
  });
});

describe('consistency', () => {
  const { ConsistencyMode } = wardenV1;

  it('AT_LEAST: sees the write whose revision it names, on another replica', async () => {
    for (let i = 0; i < 5; i++) {
      const revision = await put('p', { effect: i % 2 === 0 ? 'allow' : 'deny' });
      const consistency = { mode: ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision };
      expect((await two.warden().check(checkOf({ consistency }))).allowed).toBe(i % 2 === 0);
    }
    const consistency = { mode: ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision: 1_000_000 };
    await expect(two.warden().check(checkOf({ consistency }))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('MINIMIZE_LATENCY: hears of a write without asking', async () => {
    const consistency = { mode: ConsistencyMode.CONSISTENCY_MODE_MINIMIZE_LATENCY, revision: 0 };
    await two.warden().check(checkOf({ consistency }));
    const revision = await put('p');
    const deadline = performance.now() + 2_000;
    let seen = 0;
    while (seen < revision && performance.now() < deadline) {
      seen = (await two.warden().check(checkOf({ consistency }))).revision;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen).toBe(revision);
  });

  it('FULLY_CONSISTENT: sees every write, in a batch too', async () => {
    const consistency = { mode: ConsistencyMode.CONSISTENCY_MODE_FULLY_CONSISTENT, revision: 0 };
    for (const effect of ['allow', 'deny'] as const) {
      await put('p', { effect });
      expect((await two.warden().check(checkOf({ consistency }))).allowed).toBe(effect === 'allow');
      const { results } = await two.warden().batchCheck({ checks: [checkOf()], consistency });
      expect(results[0]?.decision?.allowed).toBe(effect === 'allow');
    }
  });

  it.each([
    { mode: 99 as wardenV1.ConsistencyMode, revision: 0 },
    { mode: ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision: 0 },
    { mode: ConsistencyMode.CONSISTENCY_MODE_MINIMIZE_LATENCY, revision: 1 },
  ])('refuses %j', async (consistency) => {
    await expect(one.warden().check(checkOf({ consistency }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is said once for a batch', async () => {
    const consistency = { mode: ConsistencyMode.CONSISTENCY_MODE_FULLY_CONSISTENT, revision: 0 };
    const { results } = await one.warden().batchCheck({ checks: [checkOf({ consistency })] });
    expect(results[0]?.invalidArgument).toContain('once');
  });
});

describe('Explain', () => {
  it('says what led to the decision', async () => {
    await one.groups().createGroup({ group: { id: 'staff', members: ['peter'] } });
    const owner = { owner: { type: 'EqualsSubjectCondition', options: {} } };
    const revision = await put('p', { subjects: ['staff'], conditions: owner });
    const explanation = await two
      .warden('admin')
      .explain({ check: checkOf({ context: { owner: 'peter' } }), token: '' });
    expect(explanation).toMatchObject({
      decision: { allowed: false, reason: DenialReason.DENIAL_REASON_DEFAULT, revision },
      subjects: ['peter', 'staff'],
      policies: [{ id: 'p', effect: 'allow', subject: 'staff', unfulfilledCondition: 'owner' }],
      nearestMiss: { id: 'p', subject: 'staff', part: 'condition', condition: 'owner' },
      truncated: false,
    });
    expect(explanation.decisionUs).toBeGreaterThan(0);
  });

  it('needs a token that may explain from whoever is not the admin API', async () => {
    await put('p');
    const check = checkOf();
    const ask = (token: string): Promise<unknown> => one.warden('client').explain({ check, token });
    await expect(ask('')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(ask('unknown')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    one.tokens.tokens.set('auditor-token', { subject: 'auditor', scopes: ['hydra.warden'] });
    await expect(ask('auditor-token')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const resources = ['rn:castellan:warden:explain'];
    await put('auditors', { subjects: ['auditor'], resources, actions: ['warden:explain'] });
    expect(await ask('auditor-token')).toMatchObject({ decision: { allowed: true } });
    one.tokens.tokens.set('auditor-token', { subject: 'auditor', scopes: [] });
    await expect(ask('auditor-token')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});
