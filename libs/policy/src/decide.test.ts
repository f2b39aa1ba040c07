import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AccessRequest } from './access-request.js';
import type { StoredPolicy } from './compiled-policy.js';
import { decide } from './decide.js';
import { createDecider } from './decider.js';
import { allowed, denied, type DenialReason } from './decision.js';
import type { Group } from './group.js';
import { parseConditionsJson } from './policy-json.js';
import { compileSnapshot, type PolicySnapshot } from './policy-snapshot.js';
import { policyOf } from './testing/policy-store.contract.js';
import { decideByReference } from './testing/reference-decider.js';
import { seed } from './testing/seed.js';

type Case = {
  title: string;
  groups?: Group[];
  policies: (Partial<StoredPolicy> & { id: string; effect: string })[];
  checks: (Partial<AccessRequest> & { allowed?: true; reason?: DenialReason })[];
};

const revision = { number: 1, mark: 'm' };

function snapshotOf(
  policies: readonly StoredPolicy[],
  groups: readonly Group[],
  previous?: PolicySnapshot,
): PolicySnapshot {
  const memberships = groups.flatMap(({ id, members }) => members.map((member) => ({ groupId: id, member })));
  return compileSnapshot({ revision, policies, memberships }, previous);
}

function requestOf(members: Partial<AccessRequest>): AccessRequest {
  return { subject: 'peter', resource: 'articles:1', action: 'read', context: {}, anonymous: false, ...members };
}

const cases = parse(readFileSync(new URL('testing/cases/decisions.yaml', import.meta.url), 'utf8')) as Case[];

describe.each(cases)('$title', ({ policies, groups = [], checks }) => {
  const stored = policies.map(({ conditions, ...policy }) => ({
    subjects: [],
    resources: [],
    actions: [],
    conditions: parseConditionsJson(conditions),
    ...policy,
  }));

  it.each(checks)(
    '$subject $action $resource $context: $allowed $reason',
    ({ allowed: isAllowed, reason, ...request }) => {
      const expected = isAllowed === true ? allowed : denied(reason ?? 'default');
      const forwards = snapshotOf(stored, groups);
      const backwards = snapshotOf(stored.toReversed(), groups.toReversed(), forwards);
      expect(decide(forwards, requestOf(request))).toEqual(expected);
      expect(decide(backwards, requestOf(request))).toEqual(expected);
    },
  );
});

describe('a decision', () => {
  it.each([
    ['no conditions at all', undefined],
    ['null', null],
    ['a list', []],
    ['a text', 'x'],
    ['a condition that is a text', { a: 'x' }],
    ['a condition without options', { a: { type: 'EqualsSubjectCondition' } }],
    ['a condition without a type', { a: { options: {} } }],
  ])('is a denial where a stored policy has for conditions %s', (_what, conditions) => {
    const snapshot = snapshotOf([policyOf('all'), { ...policyOf('bad'), conditions }], []);
    expect(snapshot.invalidPolicyIds).toEqual(['bad']);
    expect(decide(snapshot, requestOf({}))).toEqual(denied('policy_invalid'));
    expect(decide(snapshot, requestOf({ subject: 'ken' }))).toEqual(denied('default'));
  });

  it('reads the context by own members only', () => {
    const conditions = { vpn: { type: 'BooleanCondition', options: { value: true } } };
    const snapshot = snapshotOf([policyOf('p', { conditions })], []);
    expect(decide(snapshot, requestOf({ context: { vpn: true } }))).toEqual(allowed);
    expect(decide(snapshot, requestOf({ context: Object.create({ vpn: true }) as AccessRequest['context'] }))).toEqual(
      denied('default'),
    );
    const polluted = JSON.parse('{"__proto__":{"vpn":true}}') as AccessRequest['context'];
    expect(decide(snapshot, requestOf({ context: polluted }))).toEqual(denied('default'));
  });

  it('finds the groups of a subject named like something built in', () => {
    const snapshot = snapshotOf([policyOf('p', { subjects: ['<.*>'] })], []);
    expect(decide(snapshot, requestOf({ subject: '__proto__' }))).toEqual(allowed);
    expect(snapshot.findGroups('constructor')).toEqual([]);
  });

  it('looks at 100 000 members of a group without walking them', () => {
    const members = Array.from({ length: 100_000 }, (_, i) => `m${i}`);
    const snapshot = snapshotOf([policyOf('p', { subjects: ['g'] })], [{ id: 'g', members }]);
    const start = performance.now();
    for (let i = 0; i < 1000; i++) expect(decide(snapshot, requestOf({ subject: `m${i}` })).allowed).toBe(true);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('counts the policies that each of its subjects may concern', () => {
    const policies = [policyOf('a'), policyOf('b'), policyOf('c')];
    const decider = createDecider(snapshotOf(policies, [{ id: 'g', members: ['peter'] }]));
    expect(decider.estimateCost(requestOf({}))).toBe(6);
    expect(decider.estimateCost(requestOf({ subject: 'ken' }))).toBe(3);
    expect(decider.estimateCost(requestOf({ subject: '', anonymous: true }))).toBe(3);
  });
});

const names = ['a', 'b', 'a:b', 'g1', 'g2', 'ab'];
const templates = fc.constantFrom(...names, '<.*>', '<.+>', 'a<.*>', '<.*>b', '<[^:]+>', 'a:<[^:]+>', '<[^:]+><.*>');
const policyArbitrary = fc.record({
  subjects: fc.array(templates, { maxLength: 3 }),
  resources: fc.array(templates, { maxLength: 3 }),
  actions: fc.array(templates, { maxLength: 3 }),
  effect: fc.constantFrom('allow', 'allow', 'deny'),
  conditions: fc.dictionary(
    fc.constantFrom('owner', '__proto__', 'x'),
    fc.oneof(
      fc.constant({ type: 'EqualsSubjectCondition', options: {} }),
      fc.constantFrom('a', 'g1', '').map((equals) => ({ type: 'StringEqualCondition', options: { equals } })),
    ),
    { maxKeys: 1 },
  ),
});
const groupArbitrary = fc.uniqueArray(
  fc.record({ id: fc.constantFrom('g1', 'g2', 'a'), members: fc.uniqueArray(fc.constantFrom(...names)) }),
  { selector: ({ id }) => id, maxLength: 3 },
);
const name = fc.constantFrom(...names, '', 'a\nb');
const requestArbitrary = fc.record({
  subject: name,
  resource: name,
  action: name,
  anonymous: fc.boolean(),
  context: fc.dictionary(fc.constantFrom('owner', '__proto__', 'x'), fc.constantFrom('a', 'g1', 'g2', '', 1, null)),
});

describe(`the decision on random policies (seed ${seed})`, () => {
  it('is that of the reference', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(policyArbitrary, { maxLength: 8 }),
        groupArbitrary,
        fc.array(requestArbitrary, { minLength: 1, maxLength: 10 }),
        (drafts, groups, requests) => {
          const policies = drafts.map((draft, i) => policyOf(`p${i}`, draft as Partial<ReturnType<typeof policyOf>>));
          const snapshot = snapshotOf(policies, groups);
          for (const request of requests) {
            const expected = decideByReference(policies, groups, request);
            expect(decide(snapshot, request)).toEqual(expected);
            const outcome = expected.allowed ? 'allowed' : expected.reason;
            seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
          }
        },
      ),
      { seed, numRuns: 10_000 },
    );
    // A property that only ever met one outcome would prove nothing.
    for (const outcome of ['allowed', 'default', 'explicit']) expect(seen.get(outcome) ?? 0).toBeGreaterThan(500);
  });
});
