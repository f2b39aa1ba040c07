import type { AccessRequest } from './access-request.js';
import type { Decision } from './decision.js';
import type { PolicyIndex } from './policy-index.js';
import type { Revision } from './policy-state.js';

/** A decision, the revision that it was made at, and until when it holds there: milliseconds since the epoch, or Infinity. */
export type DecisionAt = { readonly decision: Decision; readonly revision: Revision; readonly until: number };

/**
 * Decides access requests at the newest revision that this process knows; that only ever moves on. A cache is another
 * Decider in front of one; its answers are the same. `now` is the clock of the database, milliseconds since the epoch:
 * policies with a validity are judged by it, and throw TypeError without it.
 */
export interface Decider {
  readonly revision: Revision;
  /** The decision at once, unless it takes looking at more policies than the budget says: then undefined. */
  decideWithin(request: AccessRequest, budget: number, now?: number): Decision | undefined;
  /** The decision. Never throws because of what the request or the policies say. */
  decide(request: AccessRequest, now?: number): Promise<DecisionAt>;
}

/** The Decider over an index. */
export function createDecider(
  index: Pick<PolicyIndex, 'revision' | 'decide' | 'decideWithin' | 'lastDecisionEnd'>,
): Decider {
  return {
    get revision() {
      return index.revision;
    },
    decideWithin: (request, budget, now) => index.decideWithin(request, budget, now),
    async decide(request, now) {
      const decision = index.decide(request, now);
      return { decision, revision: index.revision, until: index.lastDecisionEnd };
    },
  };
}

/** A Decider at a time that is settled: milliseconds since the epoch, by the clock of the database. */
export type TimedDecider = Decider & { readonly now: number };

/** The same Decider at a time. */
export function decideAtTime(decider: Decider, now: number): TimedDecider {
  return {
    now,
    get revision() {
      return decider.revision;
    },
    decideWithin: (request, budget) => decider.decideWithin(request, budget, now),
    decide: (request) => decider.decide(request, now),
  };
}
