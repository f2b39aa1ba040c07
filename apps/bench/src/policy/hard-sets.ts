import type { AccessRequest, Policy } from '@castellan/policy';

/** Policies written to make decisions slow, and the access request that suffers most. */
export type HardSet = { readonly title: string; policies(): readonly Policy[]; readonly request: AccessRequest };

/** The sets that a decision must survive, each of ten thousand policies unless it says otherwise. */
export const hardSets = {
  patterns: {
    title: 'distinct subject patterns without literal text',
    policies: () => many(10_000, (i) => ({ subjects: [`<[a-z]+(x|y)${letters(i)}?>`], resources: [`r:${i}`] })),
    request: requestOf({ subject: 'zzx', resource: 'r:77' }),
  },
  runs: {
    title: 'resources of one prefix with two runs',
    policies: () => many(10_000, (i) => ({ subjects: ['<.*>'], resources: [`a:<.*>${letters(i)}<.*>`] })),
    request: requestOf({ resource: `a:x${letters(77)}x` }),
  },
  expressions: {
    title: 'resources of one prefix with two expressions',
    policies: () => many(10_000, (i) => ({ subjects: ['<.*>'], resources: [`a:<(x|y)*>${letters(i)}<(x|y)*>`] })),
    request: requestOf({ resource: `a:x${letters(77)}y` }),
  },
  lists: {
    title: '200 policies of 50 subjects and 50 resources',
    policies: () =>
      many(200, (i) => ({
        subjects: Array.from({ length: 50 }, (_, j) => `u:${i}:${j}`),
        resources: Array.from({ length: 50 }, (_, j) => `r:${i}:${j}`),
      })),
    request: requestOf({ subject: 'u:7:9', resource: 'r:7:11' }),
  },
  actions: {
    title: 'any subject and resource, distinct actions',
    policies: () => many(10_000, (i) => ({ subjects: ['<.*>'], resources: ['<.*>'], actions: [`a${i}`] })),
    request: requestOf({ action: 'a77' }),
  },
  subjects: {
    title: 'one subject each, any resource',
    policies: () => many(10_000, (i) => ({ subjects: [`u${i}`], resources: ['<.*>'] })),
    request: requestOf({ subject: 'u77' }),
  },
  collisions: {
    title: '2,048 subjects of one hash',
    policies: () => many(2048, (i) => ({ subjects: [colliding(i)], resources: ['articles:1'] })),
    request: requestOf({ subject: colliding(2000) }),
  },
} as const satisfies Record<string, HardSet>;

export type HardSetKey = keyof typeof hardSets;

function many(count: number, members: (i: number) => Partial<Policy>): Policy[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `p${i}`,
    description: '',
    effect: 'allow',
    subjects: [],
    resources: [],
    actions: ['read'],
    conditions: {},
    ...members(i),
  }));
}

function requestOf(members: Partial<AccessRequest>): AccessRequest {
  return { subject: 'peter', resource: 'articles:1', action: 'read', context: {}, anonymous: false, ...members };
}

function letters(i: number): string {
  return [...String(i).padStart(5, '0')].map((digit) => 'abcdefghij'.charAt(Number(digit))).join('');
}

/** Texts that a polynomial hash with the factor 31 cannot tell apart. */
function colliding(i: number): string {
  return Array.from({ length: 11 }, (_, bit) => (((i >> bit) & 1) === 0 ? 'Aa' : 'BB')).join('');
}
