import type { AccessRequest } from './access-request.js';
import type { Decision } from './decision.js';
import type { PolicyIndex } from './policy-index.js';
import type { Revision } from './policy-state.js';

/** A decision and the revision that it was made at. */
export type DecisionAt = { readonly decision: Decision; readonly revision: Revision };

/**
 * Decides access requests at the newest revision that this process knows; that only ever moves on. A cache is another
 * Decider in front of one; its answers are the same.
 */
export interface Decider {
  readonly revision: Revision;
  /** The decision at once, unless it takes looking at more policies than the budget says: then undefined. */
  decideWithin(request: AccessRequest, budget: number): Decision | undefined;
  /** The decision. Never throws because of what the request or the policies say. */
  decide(request: AccessRequest): Promise<DecisionAt>;
}

/** The Decider over an index. */
export function createDecider(index: Pick<PolicyIndex, 'revision' | 'decide' | 'decideWithin'>): Decider {
  return {
    get revision() {
      return index.revision;
    },
    decideWithin: (request, budget) => index.decideWithin(request, budget),
    decide: async (request) => ({ decision: index.decide(request), revision: index.revision }),
  };
}
