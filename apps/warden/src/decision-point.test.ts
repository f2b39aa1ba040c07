import { allowed, type Decision, denied, type PolicyState, type Revision } from '@castellan/policy';
import { createMemoryWarden, policyOf } from '@castellan/policy/testing';
import { describe, expect, it } from 'vitest';
import type { Consistency } from './consistency.js';
import {
  createPolicyDecisionPoint,
  type PolicyDecisionPoint,
  type PolicyDecisionPointOptions,
} from './decision-point.js';

const current = { kind: 'current' } as const;
const request = { subject: 'peter', resource: 'articles:1', action: 'read', context: {}, anonymous: false };

function createTest(options: Partial<PolicyDecisionPointOptions> = {}): {
  stores: ReturnType<typeof createMemoryWarden>;
  point: PolicyDecisionPoint;
  loads(): number;
  fences(): number;
  changes(): number;
  advance(milliseconds: number): void;
  events: unknown[];
} {
  const stores = createMemoryWarden();
  const events: unknown[] = [];
  let loads = 0;
  let fences = 0;
  let changes = 0;
  let time = 0;
  const point = createPolicyDecisionPoint({
    seed: 0,
    reader: {
      readRevision: () => (fences++, stores.reader.readRevision()),
      readState: () => (loads++, stores.reader.readState()),
      readChanges: (since) => (changes++, stores.reader.readChanges(since)),
    },
    maxStalenessMs: 1000,
    now: () => time,
    databaseNow: () => 1_750_000_000_000 + time,
    fenceTimeoutMs: 50,
    loadTimeoutMs: 50,
    wrap: (decider) => decider,
    onInvalidPolicies: (ids) => events.push(ids),
    onOutage: () => events.push('outage'),
    onRecovery: () => events.push('recovery'),
    ...options,
  });
  return {
    stores,
    point,
    loads: () => loads,
    fences: () => fences,
    changes: () => changes,
    advance: (by) => (time += by),
    events,
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function decideAt(point: PolicyDecisionPoint, consistency: Consistency = current): Promise<Decision> {
  return (await (await point.at(consistency)).decide(request)).decision;
}

describe('the policy decision point', () => {
  it('decides by a write that returned before the question', async () => {
    const { stores, point } = createTest();
    for (let i = 0; i < 20; i++) {
      await stores.policies.put(policyOf('p', { effect: i % 2 === 0 ? 'allow' : 'deny' }));
      const decision = await decideAt(point);
      expect(decision).toEqual(i % 2 === 0 ? allowed : denied('explicit'));
    }
  });

  it('loads once for all who wait, and not again while nothing was written', async () => {
    const { stores, point, loads, fences, changes } = createTest();
    const deciders = await Promise.all(Array.from({ length: 100 }, () => point.at(current)));
    expect(new Set(deciders).size).toBe(1);
    expect([fences(), loads()]).toEqual([1, 1]);
    await point.at(current);
    expect([fences(), loads()]).toEqual([2, 1]);
    await stores.policies.put(policyOf('p'));
    await Promise.all(Array.from({ length: 100 }, () => point.at(current)));
    expect([fences(), loads(), changes()]).toEqual([3, 1, 1]);
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
        async readChanges(since) {
          const changes = await stores.reader.readChanges(since);
          return new Promise((resolve) => {
            held.push({ release: () => resolve(changes) });
          });
        },
      },
      loadTimeoutMs: 5_000,
    });
    const early = point.at(current);
    await settle();
    await stores.policies.put(policyOf('p'));
    const late = point.at(current);
    await settle();
    held[0]?.release();
    expect((await (await early).decide(request)).decision).toEqual(denied('default'));
    await settle();
    held[1]?.release();
    expect((await (await late).decide(request)).decision).toEqual(allowed);
  });

  it('notices a database that was restored to an older state', async () => {
    const { stores, point } = createTest();
    const restored = createMemoryWarden();
    let reader = stores.reader;
    const { point: watching } = createTest({
      reader: {
        readRevision: () => reader.readRevision(),
        readState: () => reader.readState(),
        readChanges: (since) => reader.readChanges(since),
      },
    });
    await stores.policies.put(policyOf('p'));
    await restored.policies.put(policyOf('other'));
    await restored.policies.put(policyOf('p', { effect: 'deny' }));
    await restored.policies.remove('other');
    await stores.groups.insert({ id: 'g', members: [] });
    await stores.groups.insert({ id: 'h', members: [] });
    expect((await stores.reader.readRevision()).number).toBe((await restored.reader.readRevision()).number);
    expect(await decideAt(watching)).toEqual(allowed);
    reader = restored.reader;
    expect(await decideAt(watching)).toEqual(denied('explicit'));
    expect(await decideAt(point)).toEqual(allowed);
  });

  it.each(['fence', 'load'] as const)('is UNAVAILABLE while the %s fails, and back when it does not', async (part) => {
    const stores = createMemoryWarden();
    let isDown = true;
    const fail = (): Promise<never> => Promise.reject(new Error('connection refused'));
    const { point, events } = createTest({
      reader: {
        readRevision: () => (isDown && part === 'fence' ? fail() : stores.reader.readRevision()),
        readState: () => (isDown && part === 'load' ? fail() : stores.reader.readState()),
        readChanges: (since) => stores.reader.readChanges(since),
      },
    });
    for (let i = 0; i < 3; i++) {
      await expect(point.at(current)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'the policy database does not answer',
      });
    }
    isDown = false;
    expect(await decideAt(point)).toEqual(denied('default'));
    await point.at(current);
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
        readChanges: stores.reader.readChanges,
      },
    });
    await point.at(current);
    isDown = true;
    await expect(point.at(current)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
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
          readChanges: (since) => stores.reader.readChanges(since),
        },
      });
      const stuck = [point.at(current), point.at(current)];
      for (const call of stuck) await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      hangs = false;
      expect((await point.at(current)).revision.number).toBe(1);
    },
  );

  it('tells of stored policies that cannot be evaluated, once', async () => {
    const { stores, point, events } = createTest();
    await stores.policies.put(policyOf('bad', { subjects: ['<('] }));
    await point.at(current);
    await stores.policies.put(policyOf('good'));
    expect(await decideAt(point)).toEqual(denied('policy_invalid'));
    await stores.policies.remove('bad');
    expect(await decideAt(point)).toEqual(allowed);
    expect(events).toEqual([['bad'], []]);
  });

  it('puts a cache in front of the Decider, but for who is fully consistent', async () => {
    const asked: string[] = [];
    const { stores, point } = createTest({
      wrap: (decider) => ({
        get revision() {
          return decider.revision;
        },
        decideWithin: (one, budget) => decider.decideWithin(one, budget),
        decide: (one) => (asked.push(one.subject), decider.decide(one)),
      }),
    });
    await stores.policies.put(policyOf('p'));
    expect((await point.at(current)).revision.number).toBe(2);
    await (await point.at({ kind: 'fully_consistent' })).decide(request);
    expect(asked).toEqual([]);
    for (const consistency of [current, { kind: 'minimize_latency' }, { kind: 'at_least', revision: 1 }] as const) {
      await (await point.at(consistency)).decide(request);
    }
    expect(asked).toHaveLength(3);
  });
});

describe('consistency', () => {
  it.each(['current', 'fully_consistent'] as const)('%s: sees every write that returned', async (kind) => {
    const { stores, point } = createTest();
    for (let i = 0; i < 10; i++) {
      await stores.policies.put(policyOf('p', { effect: i % 2 === 0 ? 'allow' : 'deny' }));
      expect(await decideAt(point, { kind })).toEqual(i % 2 === 0 ? allowed : denied('explicit'));
    }
  });

  it('at_least: asks the database only when it knows less', async () => {
    const { stores, point, fences } = createTest();
    const first = await stores.policies.put(policyOf('p'));
    expect(await decideAt(point, { kind: 'at_least', revision: first })).toEqual(allowed);
    const second = await stores.policies.remove('p');
    expect(await decideAt(point, { kind: 'at_least', revision: first })).toEqual(allowed);
    expect(fences()).toBe(1);
    expect(await decideAt(point, { kind: 'at_least', revision: second })).toEqual(denied('default'));
    expect(fences()).toBe(2);
    await expect(point.at({ kind: 'at_least', revision: second + 1 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
  });

  it('minimize_latency: takes policies of a bounded age, and is UNAVAILABLE beyond it without the database', async () => {
    const stores = createMemoryWarden();
    let isDown = false;
    const { point, advance } = createTest({
      reader: {
        ...stores.reader,
        readRevision: () => (isDown ? Promise.reject(new Error('gone')) : stores.reader.readRevision()),
      },
    });
    const hurried = { kind: 'minimize_latency' } as const;
    expect(await decideAt(point, hurried)).toEqual(denied('default'));
    await stores.policies.put(policyOf('p'));
    isDown = true;
    advance(1000);
    expect(await decideAt(point, hurried)).toEqual(denied('default'));
    advance(1);
    await expect(point.at(hurried)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    isDown = false;
    expect(await decideAt(point, hurried)).toEqual(allowed);
  });

  it('minimize_latency: has what was announced, and refreshes itself before it is too old', async () => {
    const { stores, point, advance, fences } = createTest();
    const hurried = { kind: 'minimize_latency' } as const;
    await point.at(hurried);
    await stores.policies.put(policyOf('p'));
    point.anticipate();
    await settle();
    expect(await decideAt(point, hurried)).toEqual(allowed);
    expect(fences()).toBe(2);
    advance(501);
    await point.at(hurried);
    await settle();
    expect(fences()).toBe(3);
  });
});
