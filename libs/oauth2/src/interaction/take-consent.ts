import { checkClaimsMet } from '../authorization/claims.js';
import type { AuthorizationTools, AuthorizeOutcome } from '../authorization/flow.js';
import { issueAuthorization } from '../authorization/issue-authorization.js';
import type { ConsentDecision } from '../consent/response.js';
import type { JsonObject } from '../grant.js';
import { withoutReservedClaims } from '../id-token.js';
import type { NewConsent } from './consent-store.js';
import type { AcceptedConsent, ConsentFacts } from './interaction.js';
import { describeRequest } from './pending-request.js';
import { refuseAsTold, refuseClientAsSubject, type ReturningRequest } from './returning-request.js';

/**
 * Spends the decision about consent: the client gets what it asked for, as far as it was granted.
 *
 * @throws OAuth2Error for the client
 */
export async function takeConsent(returning: ReturningRequest, tools: AuthorizationTools): Promise<AuthorizeOutcome> {
  const { pending, interaction, client, request, redirect, flow, secure } = returning;
  const { consent: facts, consentDecision: decision } = interaction.state;
  if (facts === undefined || decision === undefined) throw new Error('a decided consent without facts or decision');
  if (decision.kind === 'rejected') return refuseAsTold(decision, returning, tools);
  const decided = decisionOf(facts, decision, returning);
  await refuseClientAsSubject(decided.subject, tools);
  checkClaimsMet(request.claims, {
    subject: decided.subjectIdentifier ?? tools.subjectIdentifier(client.client, decided.subject),
    idTokenExtra: decided.idTokenExtra,
  });
  const consent = facts.skip ? undefined : consentOf(facts, decision, decided, returning, tools);
  const response = await issueAuthorization(
    {
      pending,
      client,
      decision: decided,
      request,
      redirect,
      ...(consent !== undefined ? { consent } : {}),
    },
    tools,
  );
  return { kind: 'to-client', ...response, cookies: [tools.cookies.clear(flow.requestId, secure)] };
}

/** The decision as the rest of the server knows it, whichever flow it came from. */
function decisionOf(facts: ConsentFacts, decision: AcceptedConsent, returning: ReturningRequest): ConsentDecision {
  const { client, interaction } = returning;
  const level2 = interaction.state.flow === 'consent-request';
  const { openid } = client.client;
  return {
    subject: level2 ? (decision.subject ?? '') : facts.subject,
    scopes: decision.scopes,
    audience: decision.audience,
    accessTokenExtra: decision.accessTokenExtra,
    idTokenExtra: {
      ...withoutSession(withoutReservedClaims(decision.idTokenExtra)),
      ...(facts.acr !== undefined ? { acr: facts.acr } : {}),
      ...(facts.amr !== undefined ? { amr: facts.amr } : {}),
    },
    // At level L2 the user logged in for this very request.
    authTime: level2 ? Math.floor(interaction.stageAt / 1000) : facts.authTime,
    consentId: facts.skip && facts.consentId !== undefined ? facts.consentId : facts.consentRequestId,
    ...(facts.sid !== '' ? { sid: facts.sid } : {}),
    ...(facts.forceSubjectIdentifier !== undefined && openid?.subjectType === 'pairwise'
      ? { subjectIdentifier: facts.forceSubjectIdentifier }
      : {}),
  };
}

/** Which session it was is ours to say. */
function withoutSession({ sid: _sid, ...claims }: JsonObject): JsonObject {
  return claims;
}

function consentOf(
  facts: ConsentFacts,
  decision: AcceptedConsent,
  { subject }: ConsentDecision,
  { pending, client }: ReturningRequest,
  tools: AuthorizationTools,
): Omit<NewConsent, 'lifetimeMs'> {
  return {
    id: facts.consentRequestId,
    subject,
    clientUid: client.uid,
    clientId: client.client.id,
    sid: facts.sid,
    scopes: decision.scopes,
    audience: decision.audience,
    remembered: decision.remember,
    rememberFor: decision.rememberFor,
    details: {
      request: describeRequest(pending, { facts, subject }, tools),
      accessTokenExtra: decision.accessTokenExtra,
      idTokenExtra: decision.idTokenExtra,
      ...(decision.context !== undefined ? { context: decision.context } : {}),
    },
  };
}
