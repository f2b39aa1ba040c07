import type { StoredPolicy } from './stored-policy.js';

/** The revision of the policies and groups: what it counts, and a mark that no other state of the database ever bears. */
export type Revision = {
  /** Raised by every write. */
  readonly number: number;
  /** New with every write, and random, so that a restored database never repeats one. */
  readonly mark: string;
};

/** That a subject is a direct member of a group. */
export type Membership = { readonly groupId: string; readonly member: string };

/** Every policy and group as they were at one revision. */
export type PolicyState = {
  readonly revision: Revision;
  readonly policies: readonly StoredPolicy[];
  readonly memberships: readonly Membership[];
};

/** What is different at a revision from what was at another: each thing that changed, as it is now. */
export type PolicyChanges = {
  /** The revision that the changes lead to. */
  readonly revision: Revision;
  /** Policies that were written. */
  readonly policies: readonly StoredPolicy[];
  /** IDs of policies that are gone. */
  readonly removedPolicyIds: readonly string[];
  readonly memberships: readonly (Membership & { readonly isPresent: boolean })[];
};
