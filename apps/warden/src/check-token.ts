import { type JsonObject } from '@castellan/policy';
import { type CallContext, type RpcClient, RpcError, type tokenV1, wardenV1 } from '@castellan/rpc';
import { decideCheck, readSingleCheck } from './check.js';
import { readConsistency } from './consistency.js';
import type { DecisionLog } from './decision-log/decision-log.js';
import { type Door, recordDecision } from './decision-log/record-decision.js';
import type { PolicyDecisionPoint } from './decision-point.js';

/** What a token check asks of others. */
export type CheckTokenDependencies = {
  readonly decisionPoint: PolicyDecisionPoint;
  readonly tokens: Pick<RpcClient<typeof tokenV1.TokensService>, 'introspect'>;
  readonly log: DecisionLog;
};

/**
 * Decides for the subject of an access token: the token must be active, then hold the scopes, then policies must allow.
 * Nothing about a token is kept from one check to the next. Where the token decides, no policy did, and the revision is 0.
 * The decision is recorded as one of its door, if it came by one. Throws RpcError: INVALID_ARGUMENT for a malformed request, UNAVAILABLE when token service or database do not answer.
 */
export async function checkToken(
  dependencies: CheckTokenDependencies,
  request: wardenV1.CheckTokenRequest,
  call: CallContext,
  door?: Door,
): Promise<wardenV1.CheckTokenResponse> {
  const { decisionPoint, tokens } = dependencies;
  const { resource, action } = request;
  const context = contextOf(request);
  const answered = (
    asked: { readonly subject: string; readonly clientId?: string; readonly decidedAt?: number },
    response: wardenV1.CheckTokenResponse,
  ): wardenV1.CheckTokenResponse => {
    if (door !== undefined) recordDecision(dependencies, door, call, { ...asked, resource, action, context }, response);
    return response;
  };
  refuseMalformed(request, call);
  const consistency = readConsistency(request.consistency);
  // The fence is sent while the token is asked about: both are after the request arrived.
  const fenced = decisionPoint.at(consistency);
  fenced.catch(() => undefined);
  const { introspection, scopeMissing } = await introspect(tokens, request, call);
  if (scopeMissing) return answered({ subject: '' }, deniedByToken(wardenV1.DenialReason.DENIAL_REASON_SCOPE));
  if (introspection === undefined) throw new RpcError('UNAVAILABLE', 'the token service gave no answer');
  if (!introspection.active) {
    return answered({ subject: '' }, deniedByToken(wardenV1.DenialReason.DENIAL_REASON_TOKEN_INACTIVE));
  }

  const { subject, clientId } = introspection;
  const decider = await fenced;
  const decision = await decideCheck(decider, { subject, resource, action, context, anonymous: false });
  return answered(
    { subject, clientId, decidedAt: decider.now },
    { ...decision, token: decision.allowed ? factsOf(introspection) : undefined },
  );
}

function refuseMalformed(request: wardenV1.CheckTokenRequest, { peer }: CallContext): void {
  if (request.token === '') throw new RpcError('INVALID_ARGUMENT', 'token must not be empty');
  const { resource, action } = request;
  // The subject is not known yet; any will do to judge the rest.
  readSingleCheck({ subject: 'subject', resource, action, context: contextOf(request), anonymous: false }, peer);
}

async function introspect(
  tokens: CheckTokenDependencies['tokens'],
  { token, scopes }: wardenV1.CheckTokenRequest,
  call: CallContext,
): Promise<tokenV1.IntrospectResponse> {
  const options = { deadlineMs: Math.max(1, call.deadline - Date.now()), requestId: call.requestId };
  try {
    return await tokens.introspect({ token, scopes }, options);
  } catch (cause) {
    // Whatever refused us: it is no verdict on the token, and must not be read as one.
    throw new RpcError('UNAVAILABLE', 'the token service does not answer', { cause });
  }
}

function deniedByToken(reason: wardenV1.DenialReason): wardenV1.CheckTokenResponse {
  return { allowed: false, reason, revision: 0, token: undefined };
}

function factsOf(introspection: tokenV1.Introspection): wardenV1.TokenFacts {
  const { subject, scopes, issuer, clientId, issuedAtMs, expiresAtMs, extraJson } = introspection;
  return { subject, scopes, issuer, clientId, issuedAtMs, expiresAtMs, extraJson };
}

function contextOf(request: wardenV1.CheckTokenRequest): JsonObject {
  return request.context ?? {};
}
