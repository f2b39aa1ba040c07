import type { Effect } from './policy.js';
import type { Validity } from './validity.js';

/**
 * A policy as a store hands it over. It was checked when it was written, but perhaps by another release or by a hand
 * in the database, so that nothing is taken for granted here.
 */
export type StoredPolicy = Validity & {
  readonly id: string;
  readonly subjects: readonly string[];
  readonly effect: string;
  readonly resources: readonly string[];
  readonly actions: readonly string[];
  readonly conditions: unknown;
};

/** What a policy says about an access request that it matches. `invalid`: it cannot be evaluated. */
export type Verdict = Effect | 'invalid';
