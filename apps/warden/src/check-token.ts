import { type JsonObject } from '@castellan/policy';
import { type CallContext, type RpcClient, RpcError, type tokenV1, wardenV1 } from '@castellan/rpc';
import { decideCheck, readSingleCheck } from './check.js';
import { readConsistency } from './consistency.js';
import type { PolicyDecisionPoint } from './decision-point.js';

/** What a token check asks of others. */
export type CheckTokenDependencies = {
  readonly decisionPoint: PolicyDecisionPoint;
  readonly tokens: Pick<RpcClient<typeof tokenV1.TokensService>, 'introspect'>;
};

/**
 * Decides for the subject of an access token: the token must be active, then hold the scopes, then policies must allow.
 * Nothing about a token is kept from one check to the next. Where the token decides, no policy did, and the revision is 0.
 * Throws RpcError: INVALID_ARGUMENT for a malformed request, UNAVAILABLE when token service or database do not answer.
 */
export async function checkToken(
  { decisionPoint, tokens }: CheckTokenDependencies,
  request: wardenV1.CheckTokenRequest,
  call: CallContext,
): Promise<wardenV1.CheckTokenResponse> {
  refuseMalformed(request, call);
  const consistency = readConsistency(request.consistency);
  // The fence is sent while the token is asked about: both are after the request arrived.
  const fenced = decisionPoint.at(consistency);
  fenced.catch(() => undefined);
  const { introspection, scopeMissing } = await introspect(tokens, request, call);
  if (scopeMissing) return deniedByToken(wardenV1.DenialReason.DENIAL_REASON_SCOPE);
  if (introspection === undefined) throw new RpcError('UNAVAILABLE', 'the token service gave no answer');
  if (!introspection.active) return deniedByToken(wardenV1.DenialReason.DENIAL_REASON_TOKEN_INACTIVE);

  const decision = await decideCheck(await fenced, {
    subject: introspection.subject,
    resource: request.resource,
    action: request.action,
    context: contextOf(request),
    anonymous: false,
  });
  return { ...decision, token: decision.allowed ? factsOf(introspection) : undefined };
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
