import { decisionDoors, type JsonObject } from '@castellan/policy';
import { type CallContext, RpcError, type tokenV1, wardenV1 } from '@castellan/rpc';
import { admit, type CallerDependencies, ownQuestion } from './caller.js';
import { decideCheck, readSingleCheck } from './check.js';
import { readConsistency } from './consistency.js';
import { introspectToken } from './introspection.js';

/** What a token check asks of others. */
export type CheckTokenDependencies = CallerDependencies;

/**
 * Decides for the subject of an access token: the token must be active, then hold the scopes, then policies must allow.
 * Nothing about a token is kept from one check to the next. Where the token decides, no policy did, and the revision is 0.
 * Without a door it is a question of our own, which nobody has to be admitted for.
 * Throws RpcError: INVALID_ARGUMENT for a malformed request, what `admit` says of the caller, UNAVAILABLE when token service or database do not answer.
 */
export async function checkToken(
  dependencies: CheckTokenDependencies,
  request: wardenV1.CheckTokenRequest,
  call: CallContext,
  door?: 'check_token' | 'stream' | 'envoy',
): Promise<wardenV1.CheckTokenResponse> {
  refuseMalformed(request, call);
  const consistency = readConsistency(request.consistency);
  // The fence is sent while the token is asked about: both are after the request arrived.
  const { admitted, decider } =
    door === undefined
      ? ownQuestion(dependencies, consistency)
      : admit(dependencies, call, decisionDoors.checkToken, consistency);
  const introspected = introspectToken(dependencies.tokens, request, call);
  introspected.catch(() => undefined);
  await admitted;
  const { introspection, scopeMissing } = await introspected;
  if (scopeMissing) return deniedByToken(wardenV1.DenialReason.DENIAL_REASON_SCOPE);
  if (introspection === undefined) throw new RpcError('UNAVAILABLE', 'the token service gave no answer');
  if (!introspection.active) return deniedByToken(wardenV1.DenialReason.DENIAL_REASON_TOKEN_INACTIVE);

  const decision = await decideCheck(await decider, {
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
