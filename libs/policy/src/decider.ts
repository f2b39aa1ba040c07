import type { AccessRequest } from './access-request.js';
import { countCandidates, decide } from './decide.js';
import type { Decision } from './decision.js';
import type { PolicySnapshot, Revision } from './policy-snapshot.js';

/** Decides access requests at one revision. A cache is another Decider in front of one; its answers are the same. */
export interface Decider {
  readonly revision: Revision;
  /** How many policies the decision may have to look at; no lookup of any kind. */
  estimateCost(request: AccessRequest): number;
  /** The decision. Never throws because of what the request or the policies say. */
  decide(request: AccessRequest): Promise<Decision>;
}

/** The Decider over a snapshot. */
export function createDecider(snapshot: PolicySnapshot): Decider {
  return {
    revision: snapshot.revision,
    estimateCost: (request) => countCandidates(snapshot, request),
    decide: async (request) => decide(snapshot, request),
  };
}
