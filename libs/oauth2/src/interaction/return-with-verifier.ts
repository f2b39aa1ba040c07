import type { PendingAuthorizationRequest } from '../authorization/authorization-request-store.js';
import type { AuthorizeInput } from '../authorization/authorize.js';
import type { AuthorizationTools, AuthorizeOutcome } from '../authorization/flow.js';
import { readIdTokenHint } from '../authorization/id-token-hint.js';
import { chooseRedirectUri } from '../authorization/redirect-uri.js';
import { checkRequest } from '../authorization/request.js';
import { errorResponse } from '../authorization/response.js';
import { errorResponseMode } from '../authorization/response-mode.js';
import { stateToEcho } from '../authorization/state.js';
import { type Flow, isFlowSecret } from '../consent/flow-cookie.js';
import { OAuth2Error } from '../errors.js';
import { type ParameterMap, parseParameters } from '../parameters.js';
import type { ReturningRequest } from './returning-request.js';
import type { StagedInteraction } from './interaction.js';
import { takeConsent } from './take-consent.js';
import { takeLogin } from './take-login.js';

type BoundInteraction = PendingAuthorizationRequest & { readonly interaction: StagedInteraction };

/** What the browser brings back from an app, where in its query, and who takes it. */
const returns = [
  { read: readLoginVerifier, stage: 'login-decided', take: takeLogin },
  { read: readConsentVerifier, stage: 'consent-decided', take: takeConsent },
  { read: readConsentRequest, stage: 'consent-decided', take: takeConsent },
] as const;

/**
 * Takes the browser back from the login or consent app. Undefined when it brings no verifier. Nothing but the verifier is
 * read of the query: the stored request speaks. Only the browser that started the request may go on with it; any other
 * gets our error page and changes nothing, for else a stranger could end other people's flows.
 */
export async function returnWithVerifier(
  input: AuthorizeInput,
  tools: AuthorizationTools,
): Promise<AuthorizeOutcome | undefined> {
  const parameters = parseParameters(input.parameters);
  const row = returns.find(({ read }) => read(parameters, tools) !== undefined);
  if (row === undefined) return undefined;
  const bound = await bind(row.read(parameters, tools) ?? '', row.stage, input, tools);
  if (bound === undefined) throw lostReturn();
  const request = await readStored(bound.pending, bound.flow, input, tools);
  try {
    return await row.take(request, tools);
  } catch (cause) {
    if (!(cause instanceof OAuth2Error)) throw cause;
    await tools.requests.discard(bound.pending.id);
    return {
      kind: 'error-to-client',
      ...errorResponse(request.target, cause),
      cookies: [tools.cookies.clear(bound.flow.requestId, input.secure)],
      error: cause,
    };
  }
}

/** The id that a parameter names; empty when the parameter is there and names none. */
function readVerifier(
  parameters: ParameterMap,
  tools: AuthorizationTools,
  name: 'login_verifier' | 'consent_verifier',
): string | undefined {
  const text = parameters.get(name);
  return text === undefined ? undefined : (tools.challenges.read(name, text) ?? '');
}

function readLoginVerifier(parameters: ParameterMap, tools: AuthorizationTools): string | undefined {
  return readVerifier(parameters, tools, 'login_verifier');
}

function readConsentVerifier(parameters: ParameterMap, tools: AuthorizationTools): string | undefined {
  return readVerifier(parameters, tools, 'consent_verifier');
}

/** Level L2: the id of the consent request, and what only its reader knows. */
function readConsentRequest(parameters: ParameterMap, { challenges }: AuthorizationTools): string | undefined {
  const csrf = parameters.get('consent_csrf');
  if (csrf === undefined) return undefined;
  const id = challenges.read('consent_request', parameters.get('consent') ?? '');
  return id !== undefined && id === challenges.read('consent_csrf', csrf) ? id : '';
}

async function bind(
  id: string,
  stage: StagedInteraction['stage'],
  { cookies, secure }: AuthorizeInput,
  tools: AuthorizationTools,
): Promise<{ readonly flow: Flow; readonly pending: BoundInteraction } | undefined> {
  const flow = tools.cookies.open(cookies, secure).find((each) => each.requestId === id);
  const pending = flow === undefined ? undefined : await tools.requests.findPending(id);
  if (flow === undefined || pending?.interaction?.stage !== stage) return undefined;
  if (!isFlowSecret(flow.secret, pending.browserHash)) return undefined;
  return { flow, pending: { ...pending, interaction: pending.interaction } };
}

/**
 * The stored request, checked against the client as it is now.
 *
 * @throws OAuth2Error for our error page
 */
async function readStored(
  pending: BoundInteraction,
  flow: Flow,
  { cookies, secure }: AuthorizeInput,
  tools: AuthorizationTools,
): Promise<ReturningRequest> {
  const client = await tools.clients.find(pending.clientId);
  if (client === undefined || client.uid !== pending.clientUid) throw lostReturn();
  const parameters = new Map(Object.entries(pending.parameters));
  const redirect = chooseRedirectUri(parameters, client.client);
  const { issuer } = tools.settings;
  const target = {
    redirectUri: redirect.uri,
    mode: errorResponseMode(parameters),
    state: stateToEcho(parameters),
    issuer,
  };
  const request = checkRequest(parameters, { ...tools.settings, client: client.client });
  const hint = parameters.get('id_token_hint');
  const session = tools.sessionCookies.open(cookies, secure);
  return {
    pending,
    interaction: pending.interaction,
    flow,
    client,
    redirect,
    request,
    target,
    secure,
    ...(session !== undefined ? { session } : {}),
    ...(hint !== undefined
      ? { hint: await readIdTokenHint(hint, { issuer, client: client.client, keys: tools.idTokenKeys }) }
      : {}),
  };
}

function lostReturn(): OAuth2Error {
  return new OAuth2Error(
    'invalid_request',
    'this browser has no such request that waits for it: it is over, or was started elsewhere; go back to the application and start anew',
  );
}
