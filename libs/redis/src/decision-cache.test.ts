import { createHmac, randomBytes } from 'node:crypto';
import {
  type AccessRequest,
  allowed,
  createDecider,
  type Decider,
  type Decision,
  denied,
  PolicyIndex,
  type Revision,
} from '@castellan/policy';
import { policyOf } from '@castellan/policy/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createDecisionCache, type DecisionCache, type DecisionCacheOptions } from './decision-cache.js';
import { sealEntry } from './decision-entry.js';
import { digestDecision } from './decision-key.js';
import { openRedis, type RedisClient } from './redis-connection.js';
import { startTestRedis, type TestRedis } from './testing/redis-server.js';

const macKey = randomBytes(32);
const revision: Revision = { number: 1, mark: 'm1' };
const request: AccessRequest = { subject: 'peter', resource: 'r', action: 'a', context: {}, anonymous: false };

let server: TestRedis;
let redis: RedisClient;
let time: number;
let events: string[];
let outcomes: string[];

beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.close());

beforeEach(async () => {
  await server.client.flushall();
  time = 1_750_000_000_000;
  events = [];
  outcomes = [];
  redis = await connect();
});
afterEach(() => redis.disconnect());

async function connect(): Promise<RedisClient> {
  const connection = openRedis(server.url, () => undefined);
  await new Promise<void>((resolve) => connection.once('ready', () => resolve()));
  return connection;
}

type Replica = { wrap(decider: Decider): { decide(request: AccessRequest): Promise<Decision> } };

/** The decisions of a cache, without their revisions. */
function plainly(cache: DecisionCache): Replica {
  return { wrap: (decider) => ({ decide: async (asked) => (await cache.wrap(decider).decide(asked)).decision }) };
}

/** Each cache is another replica: nothing but Redis is shared. */
function createReplica(options: Partial<DecisionCacheOptions> = {}): Replica {
  return plainly(createCache(options));
}

function createCache(options: Partial<DecisionCacheOptions> = {}): DecisionCache {
  return createDecisionCache({
    redis,
    macKey,
    deployment: 'd',
    minimumCost: 0,
    lifetimeMs: 60_000,
    maxLocalEntries: 100,
    now: () => time,
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  });
}

/** A Decider with a fixed answer that counts how often it is asked. */
function createStub(decision: Decision | Error, at: Revision = revision): { decider: Decider; asked(): number } {
  let count = 0;
  return {
    decider: {
      revision: at,
      decideWithin: (_request, budget) => (budget < 1000 || decision instanceof Error ? undefined : decision),
      async decide() {
        count++;
        if (decision instanceof Error) throw decision;
        return { decision, revision: at, until: Number.POSITIVE_INFINITY };
      },
    },
    asked: () => count,
  };
}

/** What Redis holds, once the write that nobody waits for has arrived there. */
async function keptKeys(): Promise<string[]> {
  await redis.ping();
  return server.client.keys('*');
}

function keyOf(digest: Buffer): string {
  return `castellan:decision:${digest.toString('base64url')}`;
}

describe('the decision cache', () => {
  it.each([allowed, denied('default'), denied('explicit')])('keeps %j for every replica', async (decision) => {
    expect(await createReplica().wrap(createStub(decision).decider).decide(request)).toEqual(decision);
    expect(await keptKeys()).toHaveLength(1);
    const other = createStub(new Error('must not be asked'));
    expect(await createReplica().wrap(other.decider).decide(request)).toEqual(decision);
  });

  it('answers from this process without Redis', async () => {
    const stub = createStub(allowed);
    const decider = createReplica().wrap(stub.decider);
    await decider.decide(request);
    await server.client.flushall();
    expect(await decider.decide(request)).toEqual(allowed);
    expect(stub.asked()).toBe(1);
    const alone = createReplicaWithoutRedis();
    const second = createStub(allowed);
    await alone.wrap(second.decider).decide(request);
    await alone.wrap(second.decider).decide(request);
    expect(second.asked()).toBe(1);
  });

  it('neither looks up nor keeps a decision that is cheaper to make', async () => {
    const stub = createStub(allowed);
    const decider = createReplica({ minimumCost: 1001 }).wrap(stub.decider);
    expect(await decider.decide(request)).toEqual(allowed);
    await decider.decide(request);
    expect(stub.asked()).toBe(0);
    expect(outcomes).toEqual(['bypass', 'bypass']);
    expect(await keptKeys()).toEqual([]);
  });

  it('never keeps an error or a decision on a broken policy', async () => {
    for (const outcome of [new Error('outage'), denied('policy_invalid')]) {
      const stub = createStub(outcome);
      const decider = createReplica().wrap(stub.decider);
      for (let i = 0; i < 3; i++) {
        const answer = decider.decide(request);
        if (outcome instanceof Error) await expect(answer).rejects.toBe(outcome);
        else expect(await answer).toEqual(outcome);
      }
      expect(stub.asked()).toBe(3);
    }
    expect(await keptKeys()).toEqual([]);
  });

  it('makes one decision for equal questions at once', async () => {
    const stub = createStub(allowed);
    const decider = createReplica().wrap(stub.decider);
    await Promise.all(Array.from({ length: 50 }, () => decider.decide({ ...request })));
    expect(stub.asked()).toBe(1);
  });

  it('forgets with every revision, and with a restored database that counts the same revision again', async () => {
    await createReplica().wrap(createStub(allowed).decider).decide(request);
    await keptKeys();
    for (const later of [
      { number: 2, mark: 'm2' },
      { number: 1, mark: 'restored' },
    ]) {
      const stub = createStub(denied('explicit'), later);
      expect(await createReplica().wrap(stub.decider).decide(request)).toEqual(denied('explicit'));
    }
  });

  it('ends an entry when its own time is over, although Redis keeps it', async () => {
    await createReplica().wrap(createStub(allowed).decider).decide(request);
    const [key = ''] = await keptKeys();
    await server.client.persist(key);
    const late = createStub(denied('default'));
    time += 54_000 - 1;
    expect(await createReplica().wrap(late.decider).decide(request)).toEqual(allowed);
    time += 1;
    expect(await createReplica().wrap(late.decider).decide(request)).toEqual(denied('default'));
  });

  it('spreads the ends of entries out', async () => {
    for (const [random, lifetime] of [
      [0, 48_000],
      [0.999999, 60_000],
    ] as const) {
      await server.client.flushall();
      await createReplica({ random: () => random })
        .wrap(createStub(allowed).decider)
        .decide(request);
      const [key = ''] = await keptKeys();
      expect(Math.abs((await server.client.pttl(key)) - lifetime)).toBeLessThan(1000);
    }
  });

  it('gives other deployments nothing, nor those with another secret', async () => {
    await createReplica().wrap(createStub(allowed).decider).decide(request);
    await keptKeys();
    for (const options of [{ deployment: 'e' }, { macKey: randomBytes(32) }]) {
      const stub = createStub(denied('default'));
      expect(await createReplica(options).wrap(stub.decider).decide(request)).toEqual(denied('default'));
    }
  });

  it('decides without keeping what cannot be decided', async () => {
    const index = new PolicyIndex({ revision, policies: [policyOf('p', { subjects: ['<.*>'] })], memberships: [] });
    const asked = { ...request, context: { a: Number.NaN } };
    expect(await createReplica().wrap(createDecider(index)).decide(asked)).toEqual(denied('default'));
    expect(await keptKeys()).toEqual([]);
  });

  it('tells where each decision came from', async () => {
    const stub = createStub(allowed);
    const decider = createReplica().wrap(stub.decider);
    await Promise.all([decider.decide(request), decider.decide(request)]);
    await decider.decide(request);
    await createReplica().wrap(stub.decider).decide(request);
    expect(outcomes.toSorted()).toEqual(['local_hit', 'miss', 'redis_hit', 'shared']);
  });

  it('keeps nothing under a revision that passed while Redis was asked', async () => {
    const index = new PolicyIndex({
      revision,
      policies: [policyOf('p', { subjects: ['<.*>'], resources: ['r'], actions: ['a'] })],
      memberships: [],
    });
    const cache = createCache();
    const later = { number: 2, mark: 'm2' };
    const deciding = cache.wrap(createDecider(index)).decide(request);
    index.apply({ revision: later, policies: [], removedPolicyIds: ['p'], memberships: [] });
    expect(await deciding).toEqual({
      decision: denied('default'),
      revision: later,
      until: Number.POSITIVE_INFINITY,
    });
    expect(await keptKeys()).toEqual([]);
    const old = createStub(allowed);
    expect((await cache.wrap(old.decider).decide(request)).decision).toEqual(allowed);
    expect(old.asked()).toBe(1);
  });
});

describe('a liar in Redis', () => {
  const digest = digestDecision('d', revision, request);
  const good = sealEntry(macKey, digest, allowed, 2e12);
  const flipped = Buffer.from(sealEntry(macKey, digest, denied('explicit'), 2e12));
  flipped.writeUInt8(1, 0);
  const unknownBody = Buffer.concat([Buffer.from([9]), good.subarray(1, 9)]);
  const unknown = Buffer.concat([
    unknownBody,
    createHmac('sha256', macKey).update(digest).update(unknownBody).digest(),
  ]);

  it.each([
    ['a flipped decision', flipped],
    ['an entry of another key', sealEntry(macKey, randomBytes(32), allowed, 2e12)],
    ['an entry under another secret', sealEntry(randomBytes(32), digest, allowed, 2e12)],
    ['an entry that was made longer', Buffer.concat([good, Buffer.from('x')])],
    ['an entry that was cut', good.subarray(0, 40)],
    [
      'a lengthened life',
      (() => {
        const entry = Buffer.from(sealEntry(macKey, digest, allowed, 1));
        entry.writeDoubleBE(2e12, 1);
        return entry;
      })(),
    ],
    ['a decision that we do not know', unknown],
    ['words', Buffer.from('{"allowed":true}')],
    ['a flood', Buffer.alloc(1 << 20, 1)],
  ])('is caught with %s', async (_what, entry) => {
    await server.client.set(keyOf(digest), entry);
    const stub = createStub(denied('explicit'));
    expect(await createReplica().wrap(stub.decider).decide(request)).toEqual(denied('explicit'));
    expect(events).toEqual(['forged']);
    // The lie is overwritten by the truth.
    await keptKeys();
    expect(await createReplica().wrap(createStub(allowed).decider).decide(request)).toEqual(denied('explicit'));
  });

  it('is believed when it gives back what we wrote, and only for that question', async () => {
    await server.client.set(keyOf(digest), good);
    expect(
      await createReplica()
        .wrap(createStub(denied('default')).decider)
        .decide(request),
    ).toEqual(allowed);
  });

  it('costs a miss with a value of the wrong type', async () => {
    await server.client.lpush(keyOf(digest), 'x');
    const stub = createStub(denied('default'));
    expect(await createReplica().wrap(stub.decider).decide(request)).toEqual(denied('default'));
    await keptKeys();
    expect(await server.client.type(keyOf(digest))).toBe('string');
    expect(events).toEqual([]);
  });
});

describe('a Redis that is ill', () => {
  it('costs at most a few short waits when it does not answer', async () => {
    const stub = createStub(allowed);
    server.freeze();
    onTestFinished(() => server.thaw());
    const decider = createReplica().wrap(stub.decider);
    const start = performance.now();
    for (let i = 0; i < 200; i++) expect(await decider.decide({ ...request, subject: `s${i}` })).toEqual(allowed);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(stub.asked()).toBe(200);
    expect(events).toEqual(['redis_down']);
  });

  it('costs at most one short wait for many at once', async () => {
    server.freeze();
    onTestFinished(() => server.thaw());
    const decider = createReplica().wrap(createStub(allowed).decider);
    const start = performance.now();
    await Promise.all(Array.from({ length: 500 }, (_, i) => decider.decide({ ...request, subject: `s${i}` })));
    expect(performance.now() - start).toBeLessThan(500);
  });

  it('is passed over when it is gone, and used again when it is back', async () => {
    const replica = createReplica();
    const gone = new Promise<void>((resolve) => redis.once('close', () => resolve()));
    await server.stop();
    await gone;
    const stub = createStub(allowed);
    for (let i = 0; i < 100; i++) await replica.wrap(stub.decider).decide({ ...request, subject: `s${i}` });
    expect(stub.asked()).toBe(100);
    expect(events).toEqual(['redis_down']);

    const back = new Promise<void>((resolve) => redis.once('ready', () => resolve()));
    await server.start();
    await back;
    // The breaker sends a probe a second after the last failure.
    for (let i = 100; events.length < 2 && i < 100_000; i++) {
      await replica.wrap(stub.decider).decide({ ...request, subject: `s${i}` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(events).toEqual(['redis_down', 'redis_up']);
  });

  it('never was there, and nothing is missed', async () => {
    const nowhere = openRedis('redis://127.0.0.1:1', () => undefined);
    onTestFinished(() => nowhere.disconnect());
    const stub = createStub(allowed);
    const decider = createReplica({ redis: nowhere }).wrap(stub.decider);
    const start = performance.now();
    for (let i = 0; i < 100; i++) expect(await decider.decide({ ...request, subject: `s${i}` })).toEqual(allowed);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe('cached and uncached answers', () => {
  it('agree when one input changes at a time', async () => {
    const subjects = ['peter', 'ken', 'g', ''];
    const policies = [
      policyOf('p1', { resources: ['<.*>'], actions: ['a'] }),
      policyOf('p2', { subjects: ['g'], effect: 'deny', resources: ['r2'], actions: ['<.*>'] }),
      policyOf('p3', {
        subjects: ['<.*>'],
        resources: ['r3'],
        actions: ['<.*>'],
        conditions: { x: { type: 'StringEqualCondition', options: { equals: '1' } } },
      }),
      policyOf('p4', {
        subjects: ['<.*>'],
        resources: ['r4'],
        actions: ['<.*>'],
        conditions: { x: { type: 'StringPairsEqualCondition', options: {} } },
      }),
    ];
    const contexts: AccessRequest['context'][] = [{}, { x: '1' }, { x: 1 }, { x: [] }, { x: [['1', '1']] }, { y: '1' }];
    const replica = createReplica();
    const groups = [[], [{ groupId: 'g', member: 'peter' }], [{ groupId: 'g', member: 'ken' }]];
    let count = 0;
    // Twice: the second round is answered from what the first one kept.
    for (let round = 0; round < 2; round++) {
      for (const [index, memberships] of groups.entries()) {
        const state = { revision: { number: index, mark: `m${index}` }, policies, memberships };
        const plain = createDecider(new PolicyIndex(state));
        const cached = replica.wrap(plain);
        for (const subject of subjects)
          for (const resource of ['r', 'r2', 'r3', 'r4'])
            for (const action of ['a', 'b'])
              for (const context of contexts)
                for (const anonymous of [false, true]) {
                  const question = { subject, resource, action, context, anonymous };
                  expect(await cached.decide(question)).toEqual((await plain.decide(question)).decision);
                  count++;
                }
      }
    }
    expect(count).toBe(2304);
  });
});

function createReplicaWithoutRedis(): Replica {
  return plainly(
    createDecisionCache({
      macKey,
      deployment: 'd',
      minimumCost: 0,
      lifetimeMs: 60_000,
      maxLocalEntries: 100,
      now: () => time,
      random: () => 0.5,
      onEvent: (event) => events.push(event),
      onOutcome: (outcome) => outcomes.push(outcome),
    }),
  );
}
