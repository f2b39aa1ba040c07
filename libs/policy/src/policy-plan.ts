import type { Policy } from './policy.js';

/** What storing a set of policies would change. */
export type PolicyPlan = {
  readonly created: readonly Policy[];
  readonly updated: readonly { readonly before: Policy; readonly after: Policy }[];
  /** Policies that the new set does not hold, where it is to be the whole set. */
  readonly removed: readonly Policy[];
  readonly unchanged: number;
  /** Every policy there would be. */
  readonly result: readonly Policy[];
};

/** Compares what is stored with what is to be. `prune`: what is not in the new set is to be removed. */
export function planPolicies(stored: readonly Policy[], wanted: readonly Policy[], prune: boolean): PolicyPlan {
  const before = new Map(stored.map((policy) => [policy.id, policy]));
  const after = new Map(wanted.map((policy) => [policy.id, policy]));
  const created = wanted.filter(({ id }) => !before.has(id));
  const updated = wanted.flatMap((policy) => {
    const former = before.get(policy.id);
    return former === undefined || isSame(former, policy) ? [] : [{ before: former, after: policy }];
  });
  const others = stored.filter(({ id }) => !after.has(id));
  return {
    created,
    updated,
    removed: prune ? others : [],
    unchanged: wanted.length - created.length - updated.length,
    result: prune ? wanted : [...wanted, ...others],
  };
}

/** Members of a policy in which two differ, in their order. */
export function differingMembers(before: Policy, after: Policy): readonly (keyof Policy)[] {
  return members.filter((member) => canonical(before[member]) !== canonical(after[member]));
}

const members = [
  'description',
  'subjects',
  'effect',
  'resources',
  'actions',
  'conditions',
  'validFrom',
  'validUntil',
] as const;

function isSame(before: Policy, after: Policy): boolean {
  return differingMembers(before, after).length === 0;
}

/** JSON text in which the order of members does not count, and that of lists does. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_name, member: unknown) =>
      typeof member === 'object' && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    ) ?? ''
  );
}
