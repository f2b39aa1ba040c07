import type { PendingAuthorizationRequest } from '../authorization/authorization-request-store.js';
import { checkClaimsMet } from '../authorization/claims.js';
import type { AuthorizationTools, AuthorizeOutcome, IncomingRequest } from '../authorization/flow.js';
import { hashParameters } from '../authorization/forwarded-parameters.js';
import { issueAuthorization } from '../authorization/issue-authorization.js';
import { checkAuthTime } from '../authorization/max-age.js';
import { chooseRedirectUri } from '../authorization/redirect-uri.js';
import { checkRequest, type ValidRequest } from '../authorization/request.js';
import type { RequestRules } from '../authorization/request-rules.js';
import { errorResponse } from '../authorization/response.js';
import { OAuth2Error } from '../errors.js';
import { type Flow, isFlowSecret } from './flow-cookie.js';
import { claimedRequestId, type ConsentDecision, readConsentDecision, verifyConsentResponse } from './response.js';

/** A pending request of this very browser. */
type BoundRequest = { readonly flow: Flow; readonly pending: PendingAuthorizationRequest };

/**
 * Takes the decision that the browser brings from the consent app. Answers undefined when a denial belongs to no
 * pending request of this browser: anybody can write that link, so it counts as a new request.
 *
 * @throws OAuth2Error `access_denied` when the browser holds no such request; nothing is burnt then, for else a
 * stranger could end other people's flows
 */
export async function returnFromConsent(
  consent: string,
  incoming: IncomingRequest,
  tools: AuthorizationTools,
): Promise<AuthorizeOutcome | undefined> {
  return consent === 'denied' ? takeDenial(incoming, tools) : takeResponse(consent, incoming, tools);
}

async function takeDenial(incoming: IncomingRequest, tools: AuthorizationTools): Promise<AuthorizeOutcome | undefined> {
  const parametersHash = hashParameters(incoming.forwarded);
  for (const flow of incoming.flows.filter((each) => each.parametersHash === parametersHash)) {
    if ((await bind(flow, tools)) === undefined) continue;
    if ((await tools.requests.discard(flow.requestId)) === 'lost') continue;
    return refused(new OAuth2Error('access_denied', 'the resource owner denied consent'), flow, incoming, tools);
  }
  return undefined;
}

async function takeResponse(
  jwt: string,
  incoming: IncomingRequest,
  tools: AuthorizationTools,
): Promise<AuthorizeOutcome> {
  const requestId = claimedRequestId(jwt);
  const flow = incoming.flows.find((each) => each.requestId === requestId);
  if (flow === undefined) {
    throw new OAuth2Error('access_denied', 'the consent response belongs to no request that this browser started');
  }
  const bound = await bind(flow, tools);
  if (bound === undefined) {
    return refused(new OAuth2Error('access_denied', 'the request is decided or expired'), flow, incoming, tools);
  }
  try {
    return await approve(jwt, bound, incoming, tools);
  } catch (cause) {
    if (!(cause instanceof OAuth2Error)) throw cause;
    await tools.requests.discard(flow.requestId);
    return refused(cause, flow, incoming, tools);
  }
}

/** The pending request of a flow, if the browser's secret is the one it was started with. */
async function bind(flow: Flow, tools: AuthorizationTools): Promise<BoundRequest | undefined> {
  const pending = await tools.requests.findPending(flow.requestId);
  // A request of the challenge flow is not decided by a signed response.
  if (pending === undefined || pending.interaction !== undefined || !isFlowSecret(flow.secret, pending.browserHash))
    return undefined;
  return { flow, pending };
}

async function approve(
  jwt: string,
  { flow, pending }: BoundRequest,
  incoming: IncomingRequest,
  tools: AuthorizationTools,
): Promise<AuthorizeOutcome> {
  const { client } = incoming;
  if (pending.parametersHash !== hashParameters(incoming.forwarded)) {
    throw new OAuth2Error('access_denied', 'the request came back with other parameters than it was started with');
  }
  // From here on the stored parameters speak, not the query.
  const parameters = new Map(Object.entries(pending.parameters));
  const request = checkRequest(parameters, rulesOf(incoming, tools));
  const decision = readConsentDecision(await verifyConsentResponse(jwt, tools.responseKeys), {
    requestId: pending.id,
    clientId: pending.clientId,
    requestedScopes: request.scopes,
    now: tools.mint.now(),
  });
  await checkDecision(decision, request, { pending, incoming }, tools);
  const response = await issueAuthorization(
    { pending, client, decision, request, redirect: chooseRedirectUri(parameters, client.client) },
    tools,
  );
  return { kind: 'to-client', ...response, cookies: [tools.cookies.clear(flow.requestId, incoming.secure)] };
}

function rulesOf({ client }: IncomingRequest, { settings }: AuthorizationTools): RequestRules {
  return { ...settings, client: client.client };
}

async function checkDecision(
  decision: ConsentDecision,
  request: ValidRequest,
  { pending, incoming }: { readonly pending: PendingAuthorizationRequest; readonly incoming: IncomingRequest },
  tools: AuthorizationTools,
): Promise<void> {
  // Policies name subjects by raw strings: a user must not pass for a client (rulings 38).
  if ((await tools.clients.find(decision.subject)) !== undefined) {
    throw new OAuth2Error('access_denied', 'consent response: sub is the id of a client');
  }
  const subject = tools.subjectIdentifier(incoming.client.client, decision.subject);
  if (incoming.hint !== undefined && incoming.hint.subject !== subject) {
    throw new OAuth2Error('login_required', 'another subject than that of the id_token_hint logged in');
  }
  checkClaimsMet(request.claims, { subject, idTokenExtra: decision.idTokenExtra });
  checkAuthTime(decision.authTime, {
    startedAt: Math.floor(pending.createdAt / 1000),
    prompt: request.prompt,
    ...(request.maxAge !== undefined ? { maxAge: request.maxAge } : {}),
  });
}

function refused(
  error: OAuth2Error,
  flow: Flow,
  { target, secure }: IncomingRequest,
  { cookies }: AuthorizationTools,
): AuthorizeOutcome {
  return {
    kind: 'error-to-client',
    ...errorResponse(target, error),
    cookies: [cookies.clear(flow.requestId, secure)],
    error,
  };
}
