import type { Policy } from '@castellan/policy';

/** What may be done with things. */
export const grantedActions = ['read', 'update', 'delete'] as const;

/** One subject, a user or a group, may do one thing with one thing: what relationships say as well as policies. */
export type Grant = {
  readonly subject: { readonly type: 'user' | 'group'; readonly id: number };
  readonly action: (typeof grantedActions)[number];
  readonly thing: number;
};

export type GrantRequest = Omit<Grant, 'subject'> & { readonly user: number; readonly isGranted: boolean };

/** Grants of one size, half of them to groups of ten users; requests, about half of them granted. */
export type Grants = {
  readonly grants: readonly Grant[];
  readonly groups: readonly { readonly id: number; readonly members: readonly number[] }[];
  readonly requests: readonly GrantRequest[];
};

const membersPerGroup = 10;
const requestCount = 1_000;

/** The same for the same size, on every machine. */
export function makeGrants(count: number): Grants {
  const userCount = Math.max(20, count);
  const groups = Array.from({ length: Math.max(2, Math.ceil(count / 20)) }, (_, id) => ({
    id,
    members: Array.from({ length: membersPerGroup }, (_each, place) => (id * membersPerGroup + place) % userCount),
  }));
  const grants = Array.from({ length: count }, (_, index): Grant => {
    const toGroup = index % 2 === 0;
    return {
      subject: toGroup ? { type: 'group', id: (index / 2) % groups.length } : { type: 'user', id: index % userCount },
      action: actionOf(index),
      thing: index,
    };
  });
  const requests = Array.from({ length: requestCount }, (_, index): GrantRequest => {
    const grant = grants[(index * 7919) % count];
    if (grant === undefined) throw new Error('there are no grants');
    const { subject, action, thing } = grant;
    const isGranted = index % 2 === 0;
    const user = subject.type === 'user' ? subject.id : (groups[subject.id]?.members[index % membersPerGroup] ?? 0);
    // Nobody has two grants on one thing: another action on it is granted to nobody.
    return { user, action: isGranted ? action : actionOf(thing + 1), thing, isGranted };
  });
  return { grants, groups, requests };
}

/** The grants as policies, one each. */
export function policiesOf({ grants }: Grants): Policy[] {
  return grants.map(({ subject, action, thing }, index) => ({
    id: `grant-${index}`,
    description: '',
    effect: 'allow',
    subjects: [`${subject.type}:${subject.id}`],
    resources: [`thing:${thing}`],
    actions: [action],
    conditions: {},
  }));
}

function actionOf(index: number): (typeof grantedActions)[number] {
  return grantedActions[index % grantedActions.length] ?? 'read';
}
