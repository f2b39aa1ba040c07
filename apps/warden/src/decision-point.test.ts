import { allowed, type Decider, denied, type PolicyState, type Revision } from '@castellan/policy';
import { createMemoryWarden, policyOf } from '@castellan/policy/testing';
import { describe, expect, it } from 'vitest';
import { createPolicyDecisionPoint, type PolicyDecisionPoint, type PolicyDecisionPointOptions } from './snapshot.js';

const request = { subject: 'peter', resource: 'articles:1', action: 'read', context: {}, anonymous: false };

function createTest(options: Partial<PolicyDecisionPointOptions> = {}): {
  stores: ReturnType<typeof createMemoryWarden>;
  point: PolicyDecisionPoint;
  loads(): number;
  fences(): number;
  events: unknown[];
} {
  const stores = createMemoryWarden();
  const events: unknown[] = [];
  let loads = 0;
  let fences = 0;
  const point = createPolicyDecisionPoint({
    reader: {
      readRevision: () => (fences++, stores.reader.readRevision()),
      readState: () => (loads++, stores.reader.readState()),
    },
    fenceTimeoutMs: 50,
    loadTimeoutMs: 50,
    wrap: (decider) => decider,
    onInvalidPolicies: (ids) => events.push(ids),
    onOutage: () => events.push('outage'),
    onRecovery: () => events.push('recovery'),
    ...options,
  });
  return { stores, point, loads: () => loads, fences: () => fences, events };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the policy decision point', () => {
  it('decides by a write that returned before the question', async () => {
    const { stores, point } = createTest();
    for (let i = 0; i < 20; i++) {
      await stores.policies.put(policyOf('p', { effect: i % 2 === 0 ? 'allow' : 'deny' }));
      const decision = await (await point.atCurrentRevision()).decide(request);
      expect(decision).toEqual(i % 2 === 0 ? allowed : denied('explicit'));
    }
  });

  it('loads once for all who wait, and not again while nothing was written', async () => {
    const { stores, point, loads, fences } = createTest();
    const deciders = await Promise.all(Array.from({ length: 100 }, () => point.atCurrentRevision()));
    expect(new Set(deciders).size).toBe(1);
    expect([fences(), loads()]).toEqual([1, 1]);
    await point.atCurrentRevision();
    expect([fences(), loads()]).toEqual([2, 1]);
    await stores.policies.put(policyOf('p'));
    await Promise.all(Array.from({ length: 100 }, () => point.atCurrentRevision()));
    expect([fences(), loads()]).toEqual([3, 2]);
  });

  it('does not take a load that began before the write for one that shows it', async () => {
    const stores = createMemoryWarden();
    const held: { release(): void }[] = [];
    const { point } = createTest({
      reader: {
        readRevision: () => stores.reader.readRevision(),
        async readState() {
          const state = await stores.reader.readState();
          return new Promise<PolicyState>((resolve) => {
            held.push({ release: () => resolve(state) });
          });
        },
      },
      loadTimeoutMs: 5_000,
    });
    const early = point.atCurrentRevision();
    await settle();
    await stores.policies.put(policyOf('p'));
    const late = point.atCurrentRevision();
    await settle();
    held[0]?.release();
    expect(await (await early).decide(request)).toEqual(denied('default'));
    await settle();
    held[1]?.release();
    expect(await (await late).decide(request)).toEqual(allowed);
  });

  it('notices a database that was restored to an older state', async () => {
    const { stores, point } = createTest();
    const restored = createMemoryWarden();
    let reader = stores.reader;
    const { point: watching } = createTest({
      reader: { readRevision: () => reader.readRevision(), readState: () => reader.readState() },
    });
    await stores.policies.put(policyOf('p'));
    await restored.policies.put(policyOf('other'));
    await restored.policies.put(policyOf('p', { effect: 'deny' }));
    await restored.policies.remove('other');
    await stores.groups.insert({ id: 'g', members: [] });
    await stores.groups.insert({ id: 'h', members: [] });
    expect((await stores.reader.readRevision()).number).toBe((await restored.reader.readRevision()).number);
    expect(await (await watching.atCurrentRevision()).decide(request)).toEqual(allowed);
    reader = restored.reader;
    expect(await (await watching.atCurrentRevision()).decide(request)).toEqual(denied('explicit'));
    expect(await (await point.atCurrentRevision()).decide(request)).toEqual(allowed);
  });

  it.each(['fence', 'load'] as const)('is UNAVAILABLE while the %s fails, and back when it does not', async (part) => {
    const stores = createMemoryWarden();
    let isDown = true;
    const fail = (): Promise<never> => Promise.reject(new Error('connection refused'));
    const { point, events } = createTest({
      reader: {
        readRevision: () => (isDown && part === 'fence' ? fail() : stores.reader.readRevision()),
        readState: () => (isDown && part === 'load' ? fail() : stores.reader.readState()),
      },
    });
    for (let i = 0; i < 3; i++) {
      await expect(point.atCurrentRevision()).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'the policy database does not answer',
      });
    }
    isDown = false;
    expect(await (await point.atCurrentRevision()).decide(request)).toEqual(denied('default'));
    await point.atCurrentRevision();
    expect(events).toEqual(['outage', 'recovery']);
  });

  it('does not use what it has when the fence fails', async () => {
    let isDown = false;
    const stores = createMemoryWarden();
    await stores.policies.put(policyOf('p'));
    const { point } = createTest({
      reader: {
        readRevision: () => (isDown ? Promise.reject(new Error('gone')) : stores.reader.readRevision()),
        readState: stores.reader.readState,
      },
    });
    await point.atCurrentRevision();
    isDown = true;
    await expect(point.atCurrentRevision()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each(['fence', 'load'] as const)(
    'is UNAVAILABLE when the %s never ends, and does not hold back who comes after',
    async (part) => {
      const stores = createMemoryWarden();
      let hangs = true;
      const hang = (): Promise<never> => new Promise(() => undefined);
      const { point } = createTest({
        reader: {
          readRevision: (): Promise<Revision> => (hangs && part === 'fence' ? hang() : stores.reader.readRevision()),
          readState: () => (hangs && part === 'load' ? hang() : stores.reader.readState()),
        },
      });
      const stuck = [point.atCurrentRevision(), point.atCurrentRevision()];
      for (const call of stuck) await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      hangs = false;
      expect((await point.atCurrentRevision()).revision.number).toBe(1);
    },
  );

  it('tells of stored policies that cannot be evaluated, once', async () => {
    const { stores, point, events } = createTest();
    await stores.policies.put(policyOf('bad', { subjects: ['<('] }));
    await point.atCurrentRevision();
    await stores.policies.put(policyOf('good'));
    expect(await (await point.atCurrentRevision()).decide(request)).toEqual(denied('policy_invalid'));
    await stores.policies.remove('bad');
    expect(await (await point.atCurrentRevision()).decide(request)).toEqual(allowed);
    expect(events).toEqual([['bad'], []]);
  });

  it('puts the cache in front of each Decider', async () => {
    const wrapped: Decider[] = [];
    const { stores, point } = createTest({ wrap: (decider) => (wrapped.push(decider), decider) });
    await point.atCurrentRevision();
    await point.atCurrentRevision();
    await stores.policies.put(policyOf('p'));
    await point.atCurrentRevision();
    expect(wrapped.map(({ revision }) => revision.number)).toEqual([1, 2]);
  });
});
