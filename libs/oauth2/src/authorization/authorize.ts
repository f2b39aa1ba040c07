import type { StoredClient } from '../client-store.js';
import type { Cookie } from '../consent/flow-cookie.js';
import { returnFromConsent } from '../consent/return.js';
import { OAuth2Error } from '../errors.js';
import { returnWithVerifier } from '../interaction/return-with-verifier.js';
import { sendToConsentRequest, sendToLogin } from '../interaction/send-to-login.js';
import { type Parameter, type ParameterMap, parseParameters, requireParameter } from '../parameters.js';
import { withAudience } from '../token/resource.js';
import { withClientDefaults } from './client-defaults.js';
import type { AuthorizationSettings, AuthorizationTools, AuthorizeOutcome, IncomingRequest } from './flow.js';
import { forwardedParameters } from './forwarded-parameters.js';
import { readIdTokenHint } from './id-token-hint.js';
import { type ChosenRedirectUri, chooseRedirectUri } from './redirect-uri.js';
import { checkRequest } from './request.js';
import { addressingParameters } from './request-object.js';
import { readRequestUri } from './request-uri.js';
import { appendQuery, errorDescription, errorResponse, type ResponseTarget } from './response.js';
import { errorResponseMode } from './response-mode.js';
import { sendToConsent } from './send-to-consent.js';
import { stateToEcho } from './state.js';

/** What a browser brought to the authorization endpoint: the query or form, and its flow cookies. */
export type AuthorizeInput = {
  readonly parameters: readonly Parameter[];
  readonly cookies: readonly Cookie[];
  /** The browser came over https. */
  readonly secure: boolean;
  /** Empty or absent when it is not known. */
  readonly remoteAddress?: string | undefined;
};

/** A request whose client and redirect URI are known: from here on errors may be sent to the client. */
type AddressedRequest = {
  readonly parameters: ParameterMap;
  readonly client: StoredClient;
  readonly redirect: ChosenRedirectUri;
  /** What is wrong with the request object, where the request itself says where to tell that. */
  readonly refusal?: OAuth2Error;
};

/**
 * The authorization endpoint (RFC 6749 section 3.1): a new request goes to the consent app, the return from there to
 * the client. Refusals are outcomes; only faults are thrown, and those burn nothing.
 */
export async function authorize(input: AuthorizeInput, tools: AuthorizationTools): Promise<AuthorizeOutcome> {
  const returned = await answerOrRefusal(returnWithVerifier(input, tools));
  if (returned instanceof OAuth2Error) return errorPage(returned, tools.settings);
  if (returned !== undefined) return returned;
  const addressed = await answerOrRefusal(address(input.parameters, tools));
  if (addressed instanceof OAuth2Error) return errorPage(addressed, tools.settings);
  const { parameters, client, redirect } = addressed;
  const addressing = addressingParameters(parameters);
  const target: ResponseTarget = {
    redirectUri: redirect.uri,
    mode: errorResponseMode(addressing),
    state: stateToEcho(addressing),
    issuer: tools.settings.issuer,
  };
  try {
    if (addressed.refusal !== undefined) throw addressed.refusal;
    const request = checkRequest(parameters, { ...tools.settings, client: client.client });
    const flow = client.client.loginConsent?.flow ?? tools.settings.flow;
    // The apps of Hydra 0.9 keep their sessions to themselves: the user always has to be asked.
    if (flow === 'jwt' && request.prompt.includes('none')) throw new OAuth2Error('login_required');
    const hint = parameters.get('id_token_hint');
    const { issuer } = tools.settings;
    const session = tools.sessionCookies.open(input.cookies, input.secure);
    const incoming: IncomingRequest = {
      client,
      redirect,
      request,
      forwarded: forwardedParameters(parameters),
      ...(hint !== undefined
        ? { hint: await readIdTokenHint(hint, { issuer, client: client.client, keys: tools.idTokenKeys }) }
        : {}),
      ...(session !== undefined ? { session } : {}),
      remoteAddress: input.remoteAddress ?? '',
      target,
      flows: tools.cookies.open(input.cookies, input.secure),
      secure: input.secure,
    };
    const consent = parameters.get('consent');
    const decided = consent === undefined ? undefined : await returnFromConsent(consent, incoming, tools);
    return decided ?? (await sendToApp[flow](incoming, tools));
  } catch (cause) {
    if (!(cause instanceof OAuth2Error)) throw cause;
    return { kind: 'error-to-client', ...errorResponse(target, cause), cookies: [], error: cause };
  }
}

/** Who is asked first, by the flow. */
const sendToApp = { jwt: sendToConsent, 'consent-request': sendToConsentRequest, challenge: sendToLogin } as const;

async function answerOrRefusal<T>(answer: Promise<T>): Promise<T | OAuth2Error> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof OAuth2Error) return cause;
    throw cause;
  }
}

/**
 * Finds client and redirect URI.
 *
 * @throws OAuth2Error when the answer can only be our own page (RFC 6749 section 4.1.2.1)
 */
async function address(list: readonly Parameter[], tools: AuthorizationTools): Promise<AddressedRequest> {
  const given = parseParameters(list);
  const client = await tools.clients.find(requireParameter(given, 'client_id'));
  if (client === undefined) throw new OAuth2Error('invalid_client', 'no client has this client_id');
  const { refusal, ...read } = await dereference(given, client, tools);
  const understood = withAudience(read.parameters, tools.settings.audienceParameter);
  const parameters = withClientDefaults(understood, client.client);
  const redirect = chooseRedirectUri(parameters, client.client);
  return { parameters, client, redirect, ...(refusal !== undefined ? { refusal } : {}) };
}

/** The parameters with those of the request object; without, when that is refused. */
async function dereference(
  given: ParameterMap,
  { client }: StoredClient,
  { requestUris, settings: { issuer }, mint: { now } }: AuthorizationTools,
): Promise<{ readonly parameters: ParameterMap; readonly refusal?: OAuth2Error }> {
  try {
    return { parameters: await readRequestUri(given, client, { ...requestUris, issuer, now }) };
  } catch (cause) {
    if (cause instanceof OAuth2Error) return { parameters: given, refusal: cause };
    throw cause;
  }
}

function errorPage(error: OAuth2Error, settings: AuthorizationSettings): AuthorizeOutcome {
  const url = settings.legacyErrorRedirect ? settings.consentUrl : settings.errorUrl;
  if (url === undefined) return { kind: 'error-page', error, cookies: [] };
  const location = appendQuery(url, [
    ['error', error.code],
    ['error_description', errorDescription(error)],
  ]);
  return { kind: 'to-consent', location, cookies: [] };
}
