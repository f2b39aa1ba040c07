import { describe, expect, it } from 'vitest';
import { lintPolicies, type LintRule } from './lint.js';
import type { Policy } from './policy.js';
import { PolicyIndex } from './policy-index.js';
import { policyOf } from './testing/policy-store.contract.js';
import { createRandom, seed } from './testing/seed.js';

const now = 1_750_000_000_000;
const owner = { owner: { type: 'EqualsSubjectCondition', options: {} } };

function lint(...policies: readonly Policy[]): readonly [string, LintRule, string | undefined][] {
  return lintPolicies(policies, now).map(({ policyId, rule, otherId }) => [policyId, rule, otherId]);
}

describe('the rules of lint', () => {
  it('find nothing in policies that are meant so', () => {
    const policies = [
      policyOf('p', { subjects: ['peter', '<ken|eve>'], resources: ['articles:<[0-9]+>', 'articles:<.*>'] }),
      policyOf('root', { subjects: ['root'], resources: ['rn:hydra:<.*>'], actions: ['<.*>'] }),
      policyOf('freeze', { subjects: ['<.*>'], effect: 'deny', validFrom: now - 10, validUntil: now + 10 }),
      policyOf('not-mallory', { subjects: ['mallory'], effect: 'deny' }),
    ];
    expect(lint(...policies)).toEqual([]);
  });

  it.each([
    ['no subjects', { subjects: [] }, 'never_matches'],
    ['no actions', { actions: [] }, 'never_matches'],
    ['a validity that is over', { validUntil: now }, 'validity_over'],
    ['a repetition in a repetition', { resources: ['articles:<(a+)+b>'] }, 'expensive_pattern'],
    ['a long count', { resources: ['articles:<a{1,500}>'] }, 'expensive_pattern'],
    ['a long expression', { resources: [`articles:<[a-z]{2}${'x'.repeat(130)}>`] }, 'expensive_pattern'],
    ['an expression at both ends', { subjects: ['<[^:]+>:admin:<[^:]+>'] }, 'expensive_pattern'],
    [
      'everybody and everything',
      { subjects: ['<.*>'], resources: ['<.+>'], actions: ['x', '<.*>'] },
      'matches_everything',
    ],
  ] as const)('find a policy with %s', (_what, members, rule) => {
    expect(lint(policyOf('p', members))).toEqual([['p', rule, undefined]]);
  });

  it('take a condition for less than an error where everything is matched', () => {
    const everything = { subjects: ['<.*>'], resources: ['<.*>'], actions: ['<.*>'] };
    expect(
      lintPolicies([policyOf('a', everything), policyOf('b', { ...everything, conditions: owner })], now),
    ).toMatchObject([{ severity: 'error' }, { severity: 'warning' }]);
  });

  it.each<[string, Partial<Policy>, Partial<Policy>]>([
    ['the same lists', {}, {}],
    [
      'wider lists',
      { subjects: ['peter'], resources: ['articles:1'] },
      { subjects: ['<.*>'], resources: ['articles:<.*>'] },
    ],
    ['several templates together', { subjects: ['<ken|eve>'] }, { subjects: ['ken', 'eve'] }],
    ['an open prefix', { resources: ['articles:news:<[^:]+>'] }, { resources: ['articles:<.*>'] }],
    [
      'an expression of its own',
      { resources: ['x:<(a+)+b>'] },
      { resources: ['x:<(a+)+b>'], subjects: ['<peter|ken>'] },
    ],
  ])('find an allowance that a denial shadows by %s', (_what, allow, deny) => {
    const found = lint(policyOf('allow', allow), policyOf('deny', { ...deny, effect: 'deny' }));
    expect(found.filter(([, rule]) => rule === 'shadowed')).toEqual([['allow', 'shadowed', 'deny']]);
  });

  it.each<[string, Partial<Policy>, Partial<Policy>]>([
    ['another action', {}, { actions: ['write'] }],
    ['a condition', {}, { conditions: owner }],
    ['a validity', {}, { validUntil: now + 10 }],
    ['only some of the subjects', { subjects: ['peter', 'ken'] }, { subjects: ['peter'] }],
    ['a narrower prefix', { resources: ['articles:<.*>'] }, { resources: ['articles:news:<.*>'] }],
  ])('find none that is denied with %s', (_what, allow, deny) => {
    const found = lint(policyOf('allow', allow), policyOf('deny', { ...deny, effect: 'deny' }));
    expect(found.filter(([, rule]) => rule === 'shadowed')).toEqual([]);
  });

  it('find what says the same in another order', () => {
    const conditions = { ...owner, ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } } };
    const reversed = Object.fromEntries(Object.entries(conditions).toReversed());
    expect(
      lint(
        policyOf('a', { subjects: ['x', 'y'], conditions }),
        policyOf('b', { subjects: ['y', 'x'], conditions: reversed, description: 'again' }),
        policyOf('c', { subjects: ['y', 'x'], conditions, effect: 'deny' }),
      ).filter(([, rule]) => rule === 'duplicate'),
    ).toEqual([['b', 'duplicate', 'a']]);
  });

  it(`call shadowed only what is never allowed (seed ${seed})`, () => {
    const random = createRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const templates = ['a', 'b', 'a:b', '<.*>', 'a<.*>', 'a:<.*>', '<a|b>', '<[^:]+>', '<a|b>:b', 'a:<[^:]+>'];
    const some = (): string[] => Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(templates));
    const values = ['a', 'b', 'a:b', 'a:c', 'b:b', 'ax', 'c'];
    let shadowed = 0;
    const wrong: unknown[] = [];
    for (let i = 0; i < 1500; i++) {
      const make = (id: string, effect: 'allow' | 'deny'): Policy =>
        policyOf(id, { subjects: some(), resources: some(), actions: some(), effect });
      const policies = [make('allow', 'allow'), make('d1', 'deny'), make('d2', 'deny')];
      if (!lint(...policies).some(([id, rule]) => id === 'allow' && rule === 'shadowed')) continue;
      shadowed++;
      const index = new PolicyIndex({ revision: { number: 1, mark: '' }, policies, memberships: [] });
      for (const subject of values) {
        for (const resource of values) {
          for (const action of values) {
            const request = { subject, resource, action, context: {}, anonymous: false };
            if (index.decide(request).allowed) wrong.push([policies, request]);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(shadowed).toBeGreaterThan(50);
  });

  it('find the one that is shadowed among 10 000', () => {
    const policies = Array.from({ length: 10_000 }, (_, i) =>
      policyOf(`p${i}`, {
        subjects: [`u:${i % 500}`, `g:<[0-9]+>:${i % 40}`],
        resources: [`r:${i % 97}:<.*>`],
        effect: i % 10 === 0 ? 'deny' : 'allow',
        validUntil: now + 1 + i,
      }),
    );
    const deny = policyOf('deny', { subjects: ['u:7'], resources: ['r:1<.*>'], effect: 'deny' });
    const allow = policyOf('allow', { subjects: ['u:7'], resources: ['r:1:5'] });
    expect(lint(...policies, deny, allow)).toEqual([['allow', 'shadowed', 'deny']]);
  });
});
