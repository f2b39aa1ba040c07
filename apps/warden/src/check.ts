import {
  type AccessRequest,
  type Decider,
  type Decision,
  type DecisionAt,
  type DenialReason,
  findAccessRequestProblem,
} from '@castellan/policy';
import { type PeerName, RpcError, wardenV1 } from '@castellan/rpc';

/** Most checks in one batch. */
export const maxBatchSize = 256;

const reasons: { readonly [reason in DenialReason]: wardenV1.DenialReason } = {
  default: wardenV1.DenialReason.DENIAL_REASON_DEFAULT,
  explicit: wardenV1.DenialReason.DENIAL_REASON_EXPLICIT,
  policy_invalid: wardenV1.DenialReason.DENIAL_REASON_POLICY_INVALID,
};

/** An access request as it came, or what is wrong with it. */
export type ReadCheck = { readonly request: AccessRequest } | { readonly problem: string };

/** Reads an access request. An anonymous one has no subject, and only the admin API may ask it. */
export function readCheck(check: wardenV1.CheckRequest, peer: PeerName): ReadCheck {
  if (check.anonymous && peer !== 'admin') return { problem: 'only the admin API may ask anonymously' };
  const request: AccessRequest = {
    subject: check.subject,
    resource: check.resource,
    action: check.action,
    context: check.context ?? {},
    anonymous: check.anonymous,
  };
  const problem = findAccessRequestProblem(request);
  return problem === undefined ? { request } : { problem };
}

/** Reads an access request that came alone. Throws RpcError INVALID_ARGUMENT. */
export function readSingleCheck(check: wardenV1.CheckRequest, peer: PeerName): AccessRequest {
  const read = readCheck(check, peer);
  if ('problem' in read) throw new RpcError('INVALID_ARGUMENT', read.problem);
  return read.request;
}

/** Decides, in the words of the wire. */
export async function decideCheck(decider: Decider, request: AccessRequest): Promise<wardenV1.CheckResponse> {
  return toResponse(await decider.decide(request));
}

/**
 * Decides several access requests at one revision: where the policies changed on the way, all are decided again, at once
 * and without a cache.
 */
export async function decideChecks(
  decider: Decider,
  requests: readonly AccessRequest[],
): Promise<readonly wardenV1.CheckResponse[]> {
  const decided = await Promise.all(requests.map((request) => decider.decide(request)));
  const { mark } = decider.revision;
  if (decided.every(({ revision }) => revision.mark === mark)) return decided.map(toResponse);
  const { revision } = decider;
  return requests.map((request) => {
    const decision = decider.decideWithin(request, Number.POSITIVE_INFINITY);
    if (decision === undefined) throw new Error('a decision without a budget must end');
    return toResponse({ decision, revision });
  });
}

/** A decision in the words of the wire. */
export function toResponse({ decision, revision }: Pick<DecisionAt, 'decision' | 'revision'>): wardenV1.CheckResponse {
  return { allowed: decision.allowed, reason: reasonOf(decision), revision: revision.number };
}

function reasonOf(decision: Decision): wardenV1.DenialReason {
  return decision.allowed ? wardenV1.DenialReason.DENIAL_REASON_UNSPECIFIED : reasons[decision.reason];
}
