import type { Policy } from './policy.js';

/** On whose behalf a policy is changed, and why; both are kept with the version that the change makes. */
export type ChangeNote = { readonly by: string; readonly reason: string };

/** What a policy was from one change to the next. Versions count from 1, over removals as well. */
export type PolicyVersion = {
  readonly version: number;
  /** Revision that the change made. */
  readonly revision: number;
  /** Milliseconds since the epoch, by the clock of the database. */
  readonly changedAt: number;
  /** Who changed it; `database:<role>` for a change made by hand in the tables. */
  readonly changedBy: string;
  readonly reason: string;
  /** Undefined for a version that removed the policy. */
  readonly policy: Policy | undefined;
};

/** A change of one policy. `ifVersion`: only if the policy is of that version now; 0: only if it exists. */
export type PolicyWrite = { readonly note: ChangeNote } & (
  | { readonly kind: 'insert'; readonly policy: Policy }
  | { readonly kind: 'put'; readonly policy: Policy; readonly ifVersion?: number | undefined }
  | { readonly kind: 'remove'; readonly id: string; readonly ifVersion?: number | undefined }
);

/**
 * What became of a change: `written` with the version that it made (a removal of an absent policy makes none: 0), or why
 * nothing was stored: the ID is taken, or the policy is of another version.
 */
export type PolicyWritten =
  | { readonly outcome: 'written'; readonly revision: number; readonly version: number }
  | { readonly outcome: 'taken' | 'other_version' };

/**
 * What policies were. Every change of a policy, whoever makes it, adds a version in the transaction of the change; none is
 * ever altered, so that a version can be read, checked and stored again without anybody coming between.
 */
export interface PolicyHistory {
  /** Changes a policy as `PolicyStore` does, on a condition that is judged in the transaction of the change. */
  write(write: PolicyWrite): Promise<PolicyWritten>;
  /** The policy as it is, and its version, of one moment; undefined when absent. */
  findCurrent(id: string): Promise<{ readonly policy: Policy; readonly version: number } | undefined>;
  /** One version; undefined when there never was it. */
  find(id: string, version: number): Promise<PolicyVersion | undefined>;
  /** Versions, the newest first, at most `limit`, only those before `before` where that is given. */
  list(id: string, page: { readonly limit: number; readonly before?: number }): Promise<readonly PolicyVersion[]>;
}
