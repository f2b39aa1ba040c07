import { compilePolicy, type CompiledPolicy, type StoredPolicy, type TemplateCache } from './compiled-policy.js';

/** The revision of the policies and groups: what it counts, and a mark that no other state of the database ever bears. */
export type Revision = {
  /** Raised by every write. */
  readonly number: number;
  /** New with every write, and random, so that a restored database never repeats one. */
  readonly mark: string;
};

/** Every policy and group as they were at one revision. */
export type PolicyState = {
  readonly revision: Revision;
  readonly policies: readonly StoredPolicy[];
  /** Pairs of a group's ID and a direct member. */
  readonly memberships: readonly { readonly groupId: string; readonly member: string }[];
};

/** A compiled state. Decisions over it are pure and synchronous. */
export type PolicySnapshot = {
  readonly revision: Revision;
  /** Policies that cannot be evaluated; they deny what they might concern. */
  readonly invalidPolicyIds: readonly string[];
  /** The policies that could match for this subject: at least all that do. Here all; an index answers fewer. */
  findCandidates(subject: string): readonly CompiledPolicy[];
  /** IDs of the groups that have the subject as a direct member. */
  findGroups(subject: string): readonly string[];
  /** Compiled templates, for the next snapshot to take over. */
  readonly templates: TemplateCache;
};

/** Compiles a state; templates that the previous snapshot had too are taken over from it. */
export function compileSnapshot(state: PolicyState, previous?: PolicySnapshot): PolicySnapshot {
  const templates: TemplateCache = new Map();
  for (const policy of state.policies) {
    for (const text of [...policy.subjects, ...policy.resources, ...policy.actions]) {
      const known = previous?.templates.get(text);
      if (known !== undefined) templates.set(text, known);
    }
  }
  const policies = state.policies.map((policy) => compilePolicy(policy, templates));
  const groups = groupByMember(state.memberships);
  return {
    revision: state.revision,
    invalidPolicyIds: policies.filter((policy) => policy.verdict === 'invalid').map((policy) => policy.id),
    findCandidates: () => policies,
    findGroups: (subject) => groups.get(subject) ?? [],
    templates,
  };
}

function groupByMember(memberships: PolicyState['memberships']): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { groupId, member } of memberships) {
    const ids = groups.get(member);
    if (ids === undefined) groups.set(member, [groupId]);
    else ids.push(groupId);
  }
  return groups;
}
