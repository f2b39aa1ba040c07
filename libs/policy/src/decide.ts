import type { AccessRequest } from './access-request.js';
import { findAccessRequestProblem } from './access-request.js';
import { matchesPolicy } from './compiled-policy.js';
import { allowed, type Decision, denied } from './decision.js';
import type { PolicySnapshot } from './policy-snapshot.js';

/**
 * Decides an access request. The subject and each of its groups are evaluated; over all of them one denial overrides
 * every allowance, and a policy that cannot be evaluated denies. What nothing allows is denied. A request that
 * `findAccessRequestProblem` complains about is denied: an empty subject is matched only in an anonymous request.
 */
export function decide(snapshot: PolicySnapshot, request: AccessRequest): Decision {
  if (findAccessRequestProblem(request) !== undefined) return denied('default');
  let isAllowed = false;
  let isInvalid = false;
  for (const subject of subjectsOf(snapshot, request)) {
    for (const policy of snapshot.findCandidates(subject)) {
      // Once allowed, only a policy that denies can change the answer.
      if (policy.verdict === 'allow' && isAllowed) continue;
      if (!matchesPolicy(policy, request, subject)) continue;
      if (policy.verdict === 'deny') return denied('explicit');
      if (policy.verdict === 'invalid') isInvalid = true;
      else isAllowed = true;
    }
  }
  if (isInvalid) return denied('policy_invalid');
  return isAllowed ? allowed : denied('default');
}

/** How many policies a decision may have to look at: an estimate of its cost. */
export function countCandidates(snapshot: PolicySnapshot, request: AccessRequest): number {
  let count = 0;
  for (const subject of subjectsOf(snapshot, request)) count += snapshot.findCandidates(subject).length;
  return count;
}

function subjectsOf(snapshot: PolicySnapshot, request: AccessRequest): readonly string[] {
  return request.anonymous ? [''] : [request.subject, ...snapshot.findGroups(request.subject)];
}
