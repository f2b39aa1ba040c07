import type { Group } from './group.js';
import type { Policy } from './policy.js';
import type { PolicyPage } from './policy-import.js';
import type { PolicyChanges, PolicyState, Revision } from './policy-state.js';

/** Most policies that one page may hold. */
export const maxPageSize = 10_000;

/**
 * Where policies are kept. Every write is atomic, raises the revision in the same transaction, and answers the number
 * of the revision it made; once it returned, every reader on every replica sees it. A write that changed nothing leaves
 * the revision as it is. What comes here was validated.
 */
export interface PolicyStore {
  /** Stores a new policy. Answers undefined, and stores nothing, when the ID is taken; it never merges. */
  insert(policy: Policy): Promise<number | undefined>;
  /** The policy, its lists in the order they were stored in; undefined when absent. */
  find(id: string): Promise<Policy | undefined>;
  /** Whole policies in order of the bytes of their IDs, after passing over `offset` of them, at most `limit`. */
  list(page: { readonly limit: number; readonly offset: number }): Promise<readonly Policy[]>;
  /** Policies after an ID (all, when it is empty) in the same order, at most `limit`, of one moment. */
  page(after: string, limit: number): Promise<PolicyPage>;
  /** Stores the policy in place of any older one of its ID; of two at once the later replaces all of the earlier. */
  put(policy: Policy): Promise<number>;
  /** Removes the policy. An absent one is no error: the answer is the revision as it is. */
  remove(id: string): Promise<number>;
}

/** Where groups are kept. Writes are atomic and raise the same revision as those of the policies. */
export interface GroupStore {
  /** Stores a new group with its members. Answers undefined, and stores nothing, when the ID is taken. */
  insert(group: Group): Promise<number | undefined>;
  /** The group, its members in order of their bytes; undefined when absent. */
  find(id: string): Promise<Group | undefined>;
  /** IDs of the groups that have the subject as a direct member, in order of their bytes. */
  findByMember(member: string): Promise<readonly string[]>;
  /** Removes the group with its memberships. An absent one is no error: the answer is the revision as it is. */
  remove(id: string): Promise<number>;
  /** Adds members; one that is there stays. Undefined, and nothing is stored, when the group is absent. */
  addMembers(id: string, members: readonly string[]): Promise<number | undefined>;
  /** Removes members; one that is absent is passed over. Undefined when the group is absent. */
  removeMembers(id: string, members: readonly string[]): Promise<number | undefined>;
}

/** What a decision point reads. */
export interface PolicyStateReader {
  /** The revision as committed when the read was made; cheap. */
  readRevision(): Promise<Revision>;
  /** The revision with every policy and membership as they were at it, all from one moment. */
  readState(): Promise<PolicyState>;
  /**
   * What is different from an earlier revision, all from one moment. Undefined when that cannot be told: the revision is
   * of another history (a restored database), or too long ago; then the whole state has to be read.
   */
  readChanges(since: Revision): Promise<PolicyChanges | undefined>;
}
