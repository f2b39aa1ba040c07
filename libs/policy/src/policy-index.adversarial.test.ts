import { describe, expect, it } from 'vitest';
import type { AccessRequest } from './access-request.js';
import { allowed, denied } from './decision.js';
import type { Policy } from './policy.js';
import { PolicyIndex } from './policy-index.js';
import { policyOf } from './testing/policy-store.contract.js';

const revision = { number: 1, mark: 'm' };

function indexOf(policies: readonly Policy[]): PolicyIndex {
  return new PolicyIndex({ revision, policies, memberships: [] });
}

function requestOf(members: Partial<AccessRequest>): AccessRequest {
  return { subject: 'peter', resource: 'articles:1', action: 'read', context: {}, anonymous: false, ...members };
}

function many(count: number, members: (i: number) => Partial<Policy>): Policy[] {
  return Array.from({ length: count }, (_, i) => policyOf(`p${i}`, { actions: ['read'], ...members(i) }));
}

/** Letters in place of digits: each number another text without a digit in it. */
function letters(i: number): string {
  return [...String(i).padStart(5, '0')].map((digit) => 'abcdefghij'.charAt(Number(digit))).join('');
}

/** Texts that a polynomial hash with the factor 31 cannot tell apart: `Aa` and `BB` have one hash. */
function colliding(i: number): string {
  return Array.from({ length: 11 }, (_, bit) => (((i >> bit) & 1) === 0 ? 'Aa' : 'BB')).join('');
}

describe('the work of a decision, among policies written to make it large', () => {
  // In policies looked at; an expression that is matched counts as four, a template on our own matcher as a quarter.
  it.each<[string, Policy[], Partial<AccessRequest>, boolean, number]>([
    [
      'two thousand expressions for subjects, each for a resource of its own',
      many(2000, (i) => ({ subjects: [`<[a-z]+(x|y)${letters(i)}?>`], resources: [`r:${i}`] })),
      { subject: 'zzx', resource: 'r:77' },
      false,
      20,
    ],
    [
      'ten thousand templates of one prefix that hold different text between two runs',
      many(10_000, (i) => ({ subjects: ['peter'], resources: [`a:<.*>${letters(i)}<.*>`] })),
      { resource: `a:x${letters(77)}x` },
      true,
      150,
    ],
    [
      'two thousand expressions of one prefix that hold different text',
      many(2000, (i) => ({ subjects: ['peter'], resources: [`a:<(x|y)*>${letters(i)}<(x|y)*>`] })),
      { resource: `a:x${letters(77)}y` },
      true,
      150,
    ],
    [
      'two hundred policies of 50 subjects and 50 resources',
      many(200, (i) => ({
        subjects: Array.from({ length: 50 }, (_, j) => `u:${i}:${j}`),
        resources: Array.from({ length: 50 }, (_, j) => `r:${i}:${j}`),
      })),
      { subject: 'u:7:9', resource: 'r:7:11' },
      true,
      20,
    ],
    [
      'ten thousand subjects of any resource',
      many(10_000, (i) => ({ subjects: [`u${i}`], resources: ['<.*>'] })),
      { subject: 'u77' },
      true,
      20,
    ],
    [
      'ten thousand resources of any subject',
      many(10_000, (i) => ({ subjects: ['<.*>'], resources: [`r${i}`] })),
      { resource: 'r77' },
      true,
      20,
    ],
    [
      'two thousand subjects of one hash',
      many(2048, (i) => ({ subjects: [colliding(i)], resources: ['articles:1'] })),
      { subject: colliding(1999) },
      true,
      20,
    ],
  ])('is bounded: %s', (_what, policies, request, isAllowed, budget) => {
    const index = indexOf(policies);
    const expected = isAllowed ? allowed : denied('default');
    expect(index.decideWithin(requestOf(request), budget)).toEqual(expected);
    expect(index.decideWithin(requestOf({ subject: 'nobody', resource: 'nothing' }), 20)).toEqual(denied('default'));
  });

  it('tells texts of one hash apart, also when some of them are gone', () => {
    const policies = many(2048, (i) => ({ subjects: [colliding(i)], effect: i % 2 === 0 ? 'allow' : 'deny' }));
    const index = indexOf(policies);
    const ask = (i: number): unknown => index.decideWithin(requestOf({ subject: colliding(i) }), 200);
    expect(policies.filter((_, i) => ask(i) !== (i % 2 === 0 ? allowed : denied('explicit')))).toEqual([]);
    const removedPolicyIds = policies.filter((_, i) => i % 3 === 0).map(({ id }) => id);
    index.apply({ revision, policies: [], removedPolicyIds, memberships: [] });
    expect(policies.filter((_, i) => (ask(i) === denied('default')) !== (i % 3 === 0))).toEqual([]);
    index.apply({ revision, policies: [], removedPolicyIds: policies.map(({ id }) => id), memberships: [] });
    expect(policies.filter((_, i) => ask(i) !== denied('default'))).toEqual([]);
  });
});
