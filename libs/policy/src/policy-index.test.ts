import { describe, expect, it } from 'vitest';
import type { AccessRequest } from './access-request.js';
import { allowed, denied } from './decision.js';
import type { Policy } from './policy.js';
import { PolicyIndex } from './policy-index.js';
import { policyOf } from './testing/policy-store.contract.js';
import { decideByReference } from './testing/reference-decider.js';
import { createRandom, seed } from './testing/seed.js';

const revision = { number: 1, mark: 'm' };
const empty = { revision, policies: [], memberships: [] };

function requestOf(members: Partial<AccessRequest>): AccessRequest {
  return { subject: 'peter', resource: 'articles:1', action: 'read', context: {}, anonymous: false, ...members };
}

function changesOf(members: Partial<Parameters<PolicyIndex['apply']>[0]>): Parameters<PolicyIndex['apply']>[0] {
  return { revision, policies: [], removedPolicyIds: [], memberships: [], ...members };
}

describe(`an index that changes (seed ${seed})`, () => {
  it('decides as the reference does after every change', () => {
    const random = createRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const some = <T>(most: number, make: () => T): T[] =>
      Array.from({ length: Math.floor(random() * (most + 1)) }, make);
    const number = (): number => Math.floor(random() * 90);
    // So many under one prefix and one suffix that keys run full, and grams and lists without a key take over.
    const template = (): string =>
      pick([
        () => `u:${number()}`,
        () => `u:<.*>x${number()}<.*>`,
        () => `u:<.*>x${number()}y<.*>`,
        () => `<[^:]+>:${number()}`,
        () => `u:<[0-9]+>`,
        () => `u:<${number()}|${number()}>`,
        () => `<.*>`,
        () => `u:${number()}<[0-9]+>`,
        () => `<[0-9]+>:<${number()}|x>`,
      ])();
    const value = (): string =>
      pick([() => `u:${number()}`, () => `u:ax${number()}yb`, () => `v:${number()}`, () => `${number()}:x`])();
    const groupIds = ['u:1', 'u:2', 'u:ax7yb'];

    const index = new PolicyIndex(empty);
    const policies = new Map<string, Policy>();
    const memberships = new Map<string, { groupId: string; member: string }>();
    const seen = new Map<string, number>();
    for (let round = 0; round < 1200; round++) {
      // Begins anew at times: a broad denial that happens to stay would leave nothing to the other outcomes.
      if (round % 100 === 0) {
        index.apply(changesOf({ removedPolicyIds: [...policies.keys()] }));
        policies.clear();
      }
      const id = `p${Math.floor(random() * 120)}`;
      if (random() < 0.35) {
        policies.delete(id);
        index.apply(changesOf({ removedPolicyIds: [id] }));
      } else {
        // Now and then lists so long that their pairs are too many.
        const most = random() < 0.1 ? 20 : 3;
        const policy = policyOf(id, {
          subjects: [...new Set(some(most, template))],
          resources: [...new Set(some(most, template))],
          actions: [...new Set(some(3, () => pick(['read', 'write', '<.*>', '<read|list>', 'w<.*>'])))],
          effect: random() < 0.2 ? 'deny' : 'allow',
          conditions: random() < 0.1 ? { owner: { type: 'EqualsSubjectCondition', options: {} } } : {},
        });
        policies.set(id, policy);
        index.apply(changesOf({ policies: [policy] }));
      }
      const membership = { groupId: pick(groupIds), member: value() };
      const isPresent = random() < 0.7;
      if (isPresent) memberships.set(`${membership.groupId} ${membership.member}`, membership);
      else memberships.delete(`${membership.groupId} ${membership.member}`);
      index.apply(changesOf({ memberships: [{ ...membership, isPresent }] }));

      const groups = groupIds.map((groupId) => ({
        id: groupId,
        members: [...memberships.values()].flatMap((one) => (one.groupId === groupId ? [one.member] : [])),
      }));
      for (let i = 0; i < 10; i++) {
        const subject = random() < 0.3 ? membership.member : value();
        const request = requestOf({
          subject,
          resource: value(),
          action: pick(['read', 'write', 'list']),
          context: { owner: pick([subject, 'u:1']) },
        });
        const expected = decideByReference([...policies.values()], groups, request);
        expect(index.decide(request), JSON.stringify(request)).toEqual(expected);
        const outcome = expected.allowed ? 'allowed' : expected.reason;
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }
    }
    for (const outcome of ['allowed', 'default', 'explicit']) expect(seen.get(outcome) ?? 0).toBeGreaterThan(200);
  }, 120_000);

  it('holds nothing once everything was removed, and is filled again', () => {
    const index = new PolicyIndex(empty);
    const policies = Array.from({ length: 500 }, (_, i) =>
      policyOf(`p${i}`, {
        subjects: [`u:${i % 7}`, '<.*>', `u:<.*>${i}<.*>`],
        resources: [`r:${i % 3}`, `r:<[^:]+>:${i}`],
        actions: ['read'],
        effect: i % 5 === 0 ? 'deny' : 'allow',
      }),
    );
    for (let round = 0; round < 3; round++) {
      index.apply(changesOf({ policies }));
      expect(index.policyCount).toBe(500);
      expect(index.decide(requestOf({ subject: 'u:1', resource: 'r:1' }))).toEqual(denied('explicit'));
      index.apply(changesOf({ removedPolicyIds: policies.map(({ id }) => id) }));
      expect(index.policyCount).toBe(0);
      expect(index.decideWithin(requestOf({ subject: 'u:1', resource: 'r:1' }), 0)).toEqual(denied('default'));
    }
  });

  it('finds each of thousands of policies, and none of them once it was removed', () => {
    const policies = Array.from({ length: 5_000 }, (_, i) =>
      policyOf(`p${i}`, { subjects: [`u:${i}`], resources: [`r:${i}:<.*>`], actions: ['read'] }),
    );
    const index = new PolicyIndex({ ...empty, policies });
    const requests = policies.map((_, i) => requestOf({ subject: `u:${i}`, resource: `r:${i}:x` }));
    expect(requests.filter((request) => !index.decide(request).allowed)).toEqual([]);
    index.apply(changesOf({ removedPolicyIds: policies.map(({ id }) => id) }));
    expect(requests.filter((request) => index.decide(request).allowed)).toEqual([]);
    // What takes the place of a removed policy is not found where that one stood.
    index.apply(
      changesOf({ policies: policies.map(({ id }) => policyOf(id, { subjects: ['other'], effect: 'deny' })) }),
    );
    expect(requests.filter((request) => index.decide(request) !== denied('default'))).toHaveLength(0);
  });

  it('tells of policies that cannot be evaluated until they are replaced', () => {
    const index = new PolicyIndex({ ...empty, policies: [policyOf('bad', { subjects: ['<('] })] });
    expect(index.invalidPolicyIds).toEqual(['bad']);
    expect(index.decide(requestOf({}))).toEqual(denied('policy_invalid'));
    index.apply(changesOf({ policies: [policyOf('bad')], revision: { number: 2, mark: 'n' } }));
    expect(index.invalidPolicyIds).toEqual([]);
    expect(index.decide(requestOf({})).allowed).toBe(true);
    expect(index.revision).toEqual({ number: 2, mark: 'n' });
  });
});

describe('the work of a decision', () => {
  it('is small among ten thousand policies that only their actions tell apart', () => {
    const policies = Array.from({ length: 10_000 }, (_, i) =>
      policyOf(`p${i}`, {
        subjects: ['<.*>'],
        resources: ['<.*>'],
        actions: i % 2 === 0 ? [`a${i}`] : [`<a${i}|b${i}>`],
        effect: i % 3 === 0 ? 'deny' : 'allow',
      }),
    );
    const index = new PolicyIndex({ ...empty, policies });
    expect(index.decideWithin(requestOf({ action: 'a77' }), 20)).toEqual(allowed);
    expect(index.decideWithin(requestOf({ action: 'b77' }), 20)).toEqual(allowed);
    expect(index.decideWithin(requestOf({ action: 'a78' }), 20)).toEqual(denied('explicit'));
    expect(index.decideWithin(requestOf({ action: 'b78' }), 20)).toEqual(denied('default'));
    index.apply(changesOf({ removedPolicyIds: ['p77', 'p78'] }));
    expect(index.decideWithin(requestOf({ action: 'a77' }), 20)).toEqual(denied('default'));
    expect(index.decideWithin(requestOf({ action: 'a78' }), 20)).toEqual(denied('default'));
  });

  it.each<[string, (i: number) => Partial<Policy>]>([
    ['expressions without literal text', (i) => ({ subjects: [`<[a-z]+${i}>`] })],
    ['expressions after one prefix', (i) => ({ resources: [`a:<.*>x${i}<.*>`], subjects: ['<.*>'] })],
    ['exact subjects', (i) => ({ subjects: [`u${i}`] })],
    ['resources of one subject', () => ({ subjects: ['peter'] })],
    ['actions of one subject', (i) => ({ subjects: ['peter'], actions: [`a${i}`], resources: [`r${i}<.*>`] })],
  ])('does not grow with 3000 %s', (_what, members) => {
    const policies = Array.from({ length: 3000 }, (_, i) =>
      policyOf(`p${i}`, { resources: [`r:${i}`], actions: ['read'], ...members(i) }),
    );
    const index = new PolicyIndex({ ...empty, policies });
    // In policies looked at; an expression that is matched counts as four.
    for (const resource of ['a:zx77zx', 'r:77']) {
      expect(index.decideWithin(requestOf({ resource }), 300)).toBeDefined();
    }
  });
});

describe('an explanation', () => {
  const index = new PolicyIndex({
    ...empty,
    policies: [
      policyOf('readers', { subjects: ['staff'] }),
      policyOf('no-ken', { subjects: ['ken'], effect: 'deny' }),
      policyOf('owners', {
        subjects: ['<.*>'],
        resources: ['articles:<[0-9]+>'],
        actions: ['write'],
        conditions: { owner: { type: 'EqualsSubjectCondition', options: {} } },
      }),
    ],
    memberships: [
      { groupId: 'staff', member: 'ken' },
      { groupId: 'staff', member: 'eve' },
    ],
  });

  it('names the subjects tried and the policies that decided', () => {
    expect(index.explain(requestOf({ subject: 'ken' }))).toEqual({
      subjects: ['ken', 'staff'],
      policies: [
        { id: 'no-ken', verdict: 'deny', subject: 'ken', unfulfilledCondition: undefined },
        { id: 'readers', verdict: 'allow', subject: 'staff', unfulfilledCondition: undefined },
      ],
      truncated: false,
      nearestMiss: undefined,
    });
  });

  it('names the condition that failed', () => {
    const explanation = index.explain(requestOf({ action: 'write', context: { owner: 'ken' } }));
    expect(explanation.policies).toMatchObject([{ id: 'owners', unfulfilledCondition: 'owner' }]);
    expect(explanation.nearestMiss).toEqual({ id: 'owners', subject: 'peter', part: 'condition', condition: 'owner' });
  });

  it.each([
    [{ subject: 'mallory' }, { id: 'readers', subject: 'mallory', part: 'subject' }],
    [
      { subject: 'eve', resource: 'articles:2' },
      { id: 'owners', subject: 'eve', part: 'action' },
    ],
    [
      { subject: 'eve', resource: 'books:2', action: 'write' },
      { id: 'owners', subject: 'eve', part: 'resource' },
    ],
  ])('names what came nearest to %j', (members, miss) => {
    expect(index.explain(requestOf(members))).toMatchObject({ policies: [], nearestMiss: miss });
  });

  it('says nothing of an access request that cannot be decided', () => {
    expect(index.explain(requestOf({ resource: '' }))).toMatchObject({ policies: [], nearestMiss: undefined });
  });

  it('lists no more than a hundred policies', () => {
    const policies = Array.from({ length: 101 }, (_, i) =>
      policyOf(`p${i}`, { subjects: [`<.*>`], actions: [`<.*>`] }),
    );
    const { policies: listed, truncated } = new PolicyIndex({ ...empty, policies }).explain(requestOf({}));
    expect([listed.length, truncated]).toEqual([100, true]);
  });

  it('names a deciding policy wherever the decision is not the default', () => {
    const random = createRandom(seed);
    const names = ['ken', 'eve', 'staff', 'peter'];
    for (let i = 0; i < 200; i++) {
      const request = requestOf({
        subject: names[Math.floor(random() * 4)] ?? '',
        action: random() < 0.5 ? 'read' : 'write',
        context: { owner: names[Math.floor(random() * 4)] ?? '' },
      });
      const decision = index.decide(request);
      const effects = index
        .explain(request)
        .policies.flatMap((one) => (one.unfulfilledCondition === undefined ? one.verdict : []));
      const expected = effects.includes('deny') ? 'explicit' : effects.includes('allow') ? 'allowed' : 'default';
      expect(decision.allowed ? 'allowed' : decision.reason).toBe(expected);
    }
  });
});
