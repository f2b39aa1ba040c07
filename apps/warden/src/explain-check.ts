import { decisionDoors, decisionScope } from '@castellan/policy';
import { type CallContext, RpcError, wardenV1 } from '@castellan/rpc';
import { bearerTokenOf } from './caller.js';
import { readSingleCheck, toResponse } from './check.js';
import { checkToken, type CheckTokenDependencies } from './check-token.js';
import { readConsistency } from './consistency.js';

/**
 * Decides an access request and says what led to the decision, always at the current revision and without a cache. The
 * admin API has asked whether its caller may; another caller shows an access token, and may do what the door demands. Throws RpcError: INVALID_ARGUMENT,
 * PERMISSION_DENIED, UNAUTHENTICATED, UNAVAILABLE.
 */
export async function explainCheck(
  dependencies: CheckTokenDependencies,
  request: wardenV1.ExplainRequest,
  call: CallContext,
): Promise<wardenV1.ExplainResponse> {
  if (request.check === undefined) throw new RpcError('INVALID_ARGUMENT', 'check is missing');
  const accessRequest = readSingleCheck(request.check, call.peer);
  const { kind } = readConsistency(request.check.consistency);
  if (kind !== 'current' && kind !== 'fully_consistent') {
    throw new RpcError('INVALID_ARGUMENT', 'consistency: an explanation is always of the current revision');
  }
  if (call.peer !== 'admin') await requireRight(dependencies, tokenOf(request, call), call);

  const { index, now } = await dependencies.decisionPoint.current();
  const start = performance.now();
  const decision = index.decide(accessRequest, now);
  const decisionUs = (performance.now() - start) * 1000;
  const { subjects, policies, truncated, nearestMiss } = index.explain(accessRequest, now);
  return {
    decision: toResponse({ decision, revision: index.revision }),
    subjects: [...subjects],
    policies: policies.map(({ id, verdict, subject, unfulfilledCondition, outsideValidity, validity }) => ({
      id,
      effect: verdict,
      subject,
      unfulfilledCondition: unfulfilledCondition ?? '',
      outsideValidity: outsideValidity ?? '',
      validFromMs: validity?.validFrom,
      validUntilMs: validity?.validUntil,
    })),
    nearestMiss: nearestMiss && { ...nearestMiss, condition: nearestMiss.condition ?? '' },
    decisionUs,
    truncated,
  };
}

/** The token that must be allowed to explain: the caller's own, where it is known by one. */
function tokenOf({ token }: wardenV1.ExplainRequest, call: CallContext): string {
  if (call.peer !== 'bearer') return token;
  if (token !== '') throw new RpcError('INVALID_ARGUMENT', 'token must be empty: the call shows one');
  return bearerTokenOf(call);
}

async function requireRight(dependencies: CheckTokenDependencies, token: string, call: CallContext): Promise<void> {
  if (token === '') throw new RpcError('UNAUTHENTICATED', 'token must not be empty');
  const { action, resource } = decisionDoors.explain;
  const asked = { token, scopes: [decisionScope], resource: resource(), action, context: undefined, forIssuer: true };
  const { allowed, reason } = await checkToken(dependencies, asked, call);
  if (allowed) return;
  const isInactive = reason === wardenV1.DenialReason.DENIAL_REASON_TOKEN_INACTIVE;
  throw isInactive
    ? new RpcError('UNAUTHENTICATED', 'the token is not active')
    : new RpcError('PERMISSION_DENIED', 'not allowed to explain decisions');
}
