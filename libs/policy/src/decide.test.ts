import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AccessRequest } from './access-request.js';
import { allowed, denied, type DenialReason } from './decision.js';
import type { Group } from './group.js';
import { parseConditionsJson } from './policy-json.js';
import { PolicyIndex } from './policy-index.js';
import type { StoredPolicy } from './stored-policy.js';
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

function indexOf(policies: readonly StoredPolicy[], groups: readonly Group[]): PolicyIndex {
  const memberships = groups.flatMap(({ id, members }) => members.map((member) => ({ groupId: id, member })));
  return new PolicyIndex({ revision, policies, memberships });
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
      const forwards = indexOf(stored, groups);
      const backwards = indexOf(stored.toReversed(), groups.toReversed());
      expect(forwards.decide(requestOf(request))).toEqual(expected);
      expect(backwards.decide(requestOf(request))).toEqual(expected);
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
    const index = indexOf([policyOf('all'), { ...policyOf('bad'), conditions }], []);
    expect(index.invalidPolicyIds).toEqual(['bad']);
    expect(index.decide(requestOf({}))).toEqual(denied('policy_invalid'));
    expect(index.decide(requestOf({ subject: 'ken' }))).toEqual(denied('default'));
  });

  it('reads the context by own members only', () => {
    const conditions = { vpn: { type: 'BooleanCondition', options: { value: true } } };
    const index = indexOf([policyOf('p', { conditions })], []);
    expect(index.decide(requestOf({ context: { vpn: true } }))).toEqual(allowed);
    expect(index.decide(requestOf({ context: Object.create({ vpn: true }) as AccessRequest['context'] }))).toEqual(
      denied('default'),
    );
    const polluted = JSON.parse('{"__proto__":{"vpn":true}}') as AccessRequest['context'];
    expect(index.decide(requestOf({ context: polluted }))).toEqual(denied('default'));
  });

  it('finds the groups of a subject named like something built in', () => {
    const index = indexOf([policyOf('p', { subjects: ['<.*>'] })], []);
    expect(index.decide(requestOf({ subject: '__proto__' }))).toEqual(allowed);
    expect(index.groupsOf({ subject: 'constructor', anonymous: false })).toEqual([]);
  });

  it('looks at 100 000 members of a group without walking them', () => {
    const members = Array.from({ length: 100_000 }, (_, i) => `m${i}`);
    const index = indexOf([policyOf('p', { subjects: ['g'] })], [{ id: 'g', members }]);
    const start = process.cpuUsage();
    for (let i = 0; i < 1000; i++) expect(index.decide(requestOf({ subject: `m${i}` })).allowed).toBe(true);
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000);
  });

  it('ends early where more policies would have to be looked at than it may', () => {
    const policies = ['a', 'b', 'c'].map((id) =>
      policyOf(id, { subjects: ['<.*>'], conditions: { owner: { type: 'EqualsSubjectCondition', options: {} } } }),
    );
    const index = indexOf(policies, []);
    expect(index.decideWithin(requestOf({}), 2)).toBeUndefined();
    expect(index.decideWithin(requestOf({}), 10)).toEqual(denied('default'));
    expect(index.decideWithin(requestOf({ resource: 'articles:2' }), 0)).toEqual(denied('default'));
  });

  it('stops looking when the budget is spent, also among policies of one subject and resource', () => {
    const conditions = { owner: { type: 'StringEqualCondition', options: { equals: 'nobody' } } };
    const policies = Array.from({ length: 1_000 }, (_, i) => policyOf(`p${i}`, { subjects: ['<.*>'], conditions }));
    const index = indexOf(policies, []);
    let looked = 0;
    const context = {
      get owner() {
        looked++;
        return 'somebody';
      },
    };
    expect(index.decideWithin(requestOf({ context }), 100)).toBeUndefined();
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThanOrEqual(101);
    expect(index.decide(requestOf({ context }))).toEqual(denied('default'));
  });
});

const names = ['a', 'b', 'a:b', 'g1', 'g2', 'ab'];
const templates = fc.constantFrom(
  ...names,
  '<.*>',
  '<.+>',
  'a<.*>',
  '<.*>b',
  '<[^:]+>',
  'a:<[^:]+>',
  '<[^:]+><.*>',
  '<a|b>',
  'a<:b|b>',
);
/** Bounds so few and close that they meet, and that decisions are made on them as often as beside. */
const instant = fc.integer({ min: 0, max: 6 });
const validityArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  instant.map((validFrom) => ({ validFrom })),
  instant.map((validUntil) => ({ validUntil })),
  fc
    .tuple(instant, fc.integer({ min: 1, max: 3 }))
    .map(([from, for_]) => ({ validFrom: from, validUntil: from + for_ })),
);
const policyArbitrary = fc.record({
  validity: validityArbitrary,
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
    let timed = 0;
    fc.assert(
      fc.property(
        fc.array(policyArbitrary, { maxLength: 8 }),
        groupArbitrary,
        fc.array(requestArbitrary, { minLength: 10, maxLength: 10 }),
        instant,
        (drafts, groups, requests, now) => {
          const policies = drafts.map(({ validity, ...draft }, i) =>
            policyOf(`p${i}`, { ...(draft as Partial<ReturnType<typeof policyOf>>), ...validity }),
          );
          const index = indexOf(policies, groups);
          for (const request of requests) {
            const expected = decideByReference(policies, groups, request, now);
            expect(index.decide(request, now)).toEqual(expected);
            // Up to the end that the decision names, time changes nothing.
            const end = index.lastDecisionEnd;
            if (end !== Number.POSITIVE_INFINITY) {
              expect(decideByReference(policies, groups, request, end - 1)).toEqual(expected);
            }
            if (end !== Number.POSITIVE_INFINITY) timed++;
            const outcome = expected.allowed ? 'allowed' : expected.reason;
            seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
          }
        },
      ),
      { seed, numRuns: 10_000 },
    );
    // A property that only ever met one outcome would prove nothing.
    for (const outcome of ['allowed', 'default', 'explicit']) expect(seen.get(outcome) ?? 0).toBeGreaterThan(500);
    expect(timed).toBeGreaterThan(500);
  }, 120_000);
});
