import type { Policy } from './policy.js';
import type { ChangeNote } from './policy-history.js';

/** Most policies in one import. */
export const maxImportedPolicies = 200_000;

/** What an import changed. A policy that was the same already is `unchanged`, and gets no version. */
export type ImportCounts = {
  readonly created: number;
  readonly updated: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly revision: number;
};

export type ImportCommit = {
  readonly note: ChangeNote;
  /** Remove every policy that the import does not hold. */
  readonly prune: boolean;
  /** Only if the policies are of this revision now. */
  readonly ifRevision?: number | undefined;
};

/** Why a chunk was not staged: no such import (of this caller), an ID for the second time, or too many policies. */
export type StageRefusal =
  { readonly refused: 'unknown' | 'too_many' } | { readonly refused: 'twice'; readonly id: string };

/**
 * Policies on their way in, chunk by chunk, which change nothing before they are committed: then all at once, at one
 * revision. An import belongs to who opened it and is forgotten an hour later. Any replica can go on with it.
 */
export interface PolicyImports {
  /** Opens an import and answers its ID. */
  begin(by: string): Promise<string>;
  /** Adds policies, all or none; answers how many the import holds then. */
  stage(importId: string, by: string, policies: readonly Policy[]): Promise<number | StageRefusal>;
  /** Stores the policies and forgets the import. `other_revision`: nothing is stored, the import stays. */
  commit(importId: string, commit: ImportCommit): Promise<ImportCounts | 'unknown' | 'other_revision'>;
  /** Forgets the import; passes over an absent one. */
  abort(importId: string, by: string): Promise<void>;
}

/** A page of all policies in order of their IDs, with the revision that it is of and how many policies there are. */
export type PolicyPage = { readonly policies: readonly Policy[]; readonly revision: number; readonly total: number };
