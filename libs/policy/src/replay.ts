import type { AccessRequest } from './access-request.js';
import type { Decision } from './decision.js';
import { PolicyIndex } from './policy-index.js';
import type { Policy } from './policy.js';

/** An access request as it was decided once. */
export type RecordedDecision = {
  readonly request: AccessRequest;
  /** IDs of the groups that the subject was in. */
  readonly groups: readonly string[];
  readonly decision: Decision;
  /** When, milliseconds since the epoch by the clock of the database. */
  readonly decidedAt: number;
  /** Members of the context whose values were not recorded. */
  readonly redacted: readonly string[];
};

/** A recorded decision that the new policies would not make. */
export type Flip = { readonly recorded: RecordedDecision; readonly before: Decision; readonly after: Decision };

export type Replay = {
  readonly replayed: number;
  readonly flips: readonly Flip[];
  /** Decisions that the present policies do not make of the record either: they changed since, or a value was redacted. */
  readonly unreproduced: number;
};

/**
 * Decides recorded access requests anew, by the present policies and by others, each at the time it was decided. It tells
 * of what was asked, and of nothing that nobody asked. What the present policies decide differently from the record is
 * counted apart: nothing can be said about it.
 */
export function replayDecisions(
  recorded: readonly RecordedDecision[],
  present: readonly Policy[],
  planned: readonly Policy[],
): Replay {
  const [decideBefore, decideAfter] = [createReplayer(present), createReplayer(planned)];
  let unreproduced = 0;
  const flips = recorded.flatMap((one): readonly Flip[] => {
    const before = decideBefore(one);
    if (before.allowed !== one.decision.allowed) {
      unreproduced++;
      return [];
    }
    const after = decideAfter(one);
    return before.allowed === after.allowed ? [] : [{ recorded: one, before, after }];
  });
  return { replayed: recorded.length - unreproduced, flips, unreproduced };
}

/** Decides by some policies. The groups are those of each record, whose subject is their member for its turn only. */
function createReplayer(policies: readonly Policy[]): (recorded: RecordedDecision) => Decision {
  const revision = { number: 0, mark: '' };
  const index = new PolicyIndex({ revision, policies, memberships: [] });
  return ({ request, groups, decidedAt }) => {
    const join = (isPresent: boolean): void =>
      index.apply({
        revision,
        policies: [],
        removedPolicyIds: [],
        memberships: groups.map((groupId) => ({ groupId, member: request.subject, isPresent })),
      });
    join(true);
    const decision = index.decide(request, decidedAt);
    join(false);
    return decision;
  };
}
