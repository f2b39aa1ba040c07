import type { AccessRequest } from './access-request.js';
import { createSearch, decide, type Search } from './decide.js';
import type { Decision } from './decision.js';
import { explain, type Explanation } from './explain.js';
import { PolicyTable } from './policy-index/policy-table.js';
import type { Membership, PolicyChanges, PolicyState, Revision } from './policy-state.js';

const noGroups: readonly string[] = [];

/**
 * Policies and groups at one revision, ready to decide. Changes are taken over in place, in one synchronous step: a
 * decision sees all of a change or nothing of it. The cost of a decision grows with the policies that might concern it,
 * the cost of a change with what changed.
 */
export class PolicyIndex {
  private readonly table: PolicyTable;
  private readonly search: Search;
  /** IDs of groups by direct member. */
  private readonly groups = new Map<string, readonly string[]>();
  private current: Revision;

  /** `seed`: any number that whoever writes policies does not know; without one the index is for policies of our own. */
  constructor(state: PolicyState, seed = 0) {
    this.table = new PolicyTable(seed);
    this.search = createSearch(this.table);
    this.current = state.revision;
    this.table.putAll(state.policies);
    for (const membership of state.memberships) this.addMembership(membership);
  }

  get revision(): Revision {
    return this.current;
  }

  /** Until when the last decision holds at this revision, as `decide` was told the time; Infinity where time is nothing to it. */
  get lastDecisionEnd(): number {
    return this.search.end;
  }

  get policyCount(): number {
    return this.table.size;
  }

  /** Policies that cannot be evaluated; they deny what they might concern. */
  get invalidPolicyIds(): readonly string[] {
    return this.table.invalidPolicyIds;
  }

  /** Takes changes over that lead from the revision of the index to theirs. */
  apply(changes: PolicyChanges): void {
    for (const id of changes.removedPolicyIds) this.table.remove(id);
    this.table.putAll(changes.policies);
    for (const { isPresent, ...membership } of changes.memberships) {
      if (isPresent) this.addMembership(membership);
      else this.removeMembership(membership);
    }
    this.current = changes.revision;
  }

  /**
   * Decides an access request. `now` is in milliseconds since the epoch, by the clock of the database; a decision that
   * comes upon a policy with a validity throws TypeError without it.
   */
  decide(request: AccessRequest, now = Number.NaN): Decision {
    const decision = this.decideWithin(request, Number.POSITIVE_INFINITY, now);
    if (decision === undefined) throw new Error('a decision without a budget must end');
    return decision;
  }

  /** Decides an access request, or answers undefined when that takes looking at more policies than the budget says. */
  decideWithin(request: AccessRequest, budget: number, now = Number.NaN): Decision | undefined {
    return decide(this.search, this.groupsOf(request), request, budget, now);
  }

  /** What leads to the decision on an access request. */
  explain(request: AccessRequest, now = Number.NaN): Explanation {
    return explain(this.table, this.groupsOf(request), request, now);
  }

  /** IDs of the groups that have the subject of the request as a direct member. */
  groupsOf(request: Pick<AccessRequest, 'subject' | 'anonymous'>): readonly string[] {
    return request.anonymous ? noGroups : (this.groups.get(request.subject) ?? noGroups);
  }

  private addMembership({ groupId, member }: Membership): void {
    const ids = this.groups.get(member) ?? noGroups;
    // Not spread: a list that grows has room for more, and there are as many of these as members.
    if (!ids.includes(groupId)) this.groups.set(member, ids.concat(groupId));
  }

  private removeMembership({ groupId, member }: Membership): void {
    const ids = (this.groups.get(member) ?? noGroups).filter((id) => id !== groupId);
    if (ids.length === 0) this.groups.delete(member);
    else this.groups.set(member, ids);
  }
}
