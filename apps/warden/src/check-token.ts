import { decisionDoors, type JsonObject } from '@castellan/policy';
import { type CallContext, RpcError, type tokenV1, wardenV1 } from '@castellan/rpc';
import { type Admission, admit, type CallerDependencies, ownQuestion } from './caller.js';
import { decideCheck, readSingleCheck } from './check.js';
import { readConsistency } from './consistency.js';
import { type AskedDecision, type Door, recordDecision, type Recording } from './decision-log/record-decision.js';
import { introspectToken } from './introspection.js';
import { isForIssuer } from './token-audience.js';

/** What a token check asks of others. */
export type CheckTokenDependencies = CallerDependencies & Pick<Recording, 'log'>;

/** An answer, and whom it was about: nobody where the token decided. */
type Judged = {
  readonly response: wardenV1.CheckTokenResponse;
  readonly about: Pick<AskedDecision, 'subject' | 'clientId' | 'decidedAt'>;
};

/**
 * Decides for the subject of an access token: the token must be active, then hold the scopes, then policies must allow.
 * Nothing about a token is kept from one check to the next. Where the token decides, no policy did, and the revision is 0.
 * Without a door it is a question of our own, which nobody has to be admitted for, and which is not recorded.
 * Throws RpcError: INVALID_ARGUMENT for a malformed request, what `admit` says of the caller, UNAVAILABLE when token service or database do not answer.
 */
export async function checkToken(
  dependencies: CheckTokenDependencies,
  request: wardenV1.CheckTokenRequest,
  call: CallContext,
  door?: Extract<Door, 'check_token' | 'stream' | 'envoy'>,
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
  const caller = await admitted;
  const { response, about } = await judge(request, await introspected, decider);
  if (door !== undefined) {
    const { resource, action } = request;
    const asked = { ...about, resource, action, context: contextOf(request) };
    recordDecision(dependencies, { door, caller, call }, asked, response);
  }
  return response;
}

async function judge(
  request: wardenV1.CheckTokenRequest,
  { introspection, scopeMissing }: tokenV1.IntrospectResponse,
  decider: Admission['decider'],
): Promise<Judged> {
  if (scopeMissing) return deniedByToken(wardenV1.DenialReason.DENIAL_REASON_SCOPE);
  if (introspection === undefined) throw new RpcError('UNAVAILABLE', 'the token service gave no answer');
  if (!introspection.active || !isMeantFor(request, introspection))
    return deniedByToken(wardenV1.DenialReason.DENIAL_REASON_TOKEN_INACTIVE);

  const { subject, clientId } = introspection;
  const { resource, action } = request;
  const timed = await decider;
  const decision = await decideCheck(timed, {
    subject,
    resource,
    action,
    context: contextOf(request),
    anonymous: false,
  });
  const token = decision.allowed ? factsOf(introspection) : undefined;
  return { response: { ...decision, token }, about: { subject, clientId, decidedAt: timed.now } };
}

/** Whether the token is for whom the request says it must be. */
function isMeantFor(
  { forIssuer = false, audience }: Pick<wardenV1.CheckTokenRequest, 'forIssuer' | 'audience'>,
  introspection: tokenV1.Introspection,
): boolean {
  if (forIssuer && !isForIssuer(introspection)) return false;
  return audience === undefined || introspection.audience.includes(audience);
}

function refuseMalformed(request: wardenV1.CheckTokenRequest, { peer }: CallContext): void {
  if (request.token === '') throw new RpcError('INVALID_ARGUMENT', 'token must not be empty');
  if (request.audience === '') throw new RpcError('INVALID_ARGUMENT', 'audience must not be empty');
  const { resource, action } = request;
  // The subject is not known yet; any will do to judge the rest.
  readSingleCheck({ subject: 'subject', resource, action, context: contextOf(request), anonymous: false }, peer);
}

function deniedByToken(reason: wardenV1.DenialReason): Judged {
  return { response: { allowed: false, reason, revision: 0, token: undefined }, about: { subject: '' } };
}

function factsOf(introspection: tokenV1.Introspection): wardenV1.TokenFacts {
  const { subject, scopes, issuer, clientId, issuedAtMs, expiresAtMs, extraJson } = introspection;
  return { subject, scopes, issuer, clientId, issuedAtMs, expiresAtMs, extraJson };
}

function contextOf(request: wardenV1.CheckTokenRequest): JsonObject {
  return request.context ?? {};
}
