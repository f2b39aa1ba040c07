import type { InteractionRequest, PendingAuthorizationRequest } from '../authorization/authorization-request-store.js';
import { forwardedQuery } from '../authorization/forwarded-parameters.js';
import type { JsonObject } from '../grant.js';
import { parseScope } from '../scope.js';
import { namedResources } from '../token/resource.js';
import type { ChallengeText } from './challenge-text.js';
import type { ConsentFacts, LoginFacts } from './interaction.js';

/** What an app needs to know of a pending request (names on the wire are those of the admin API). */
export type PendingRequest = {
  readonly challenge: string;
  readonly requestedScope: readonly string[];
  readonly requestedAudience: readonly string[];
  readonly skip: boolean;
  readonly subject: string;
  readonly acrValues: readonly string[];
  readonly uiLocales: readonly string[];
  readonly display: string;
  readonly loginHint: string;
  readonly hintClaims?: JsonObject;
  readonly requestUrl: string;
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Why the user has to log in; empty when that is not asked. */
  readonly reason: string;
};

/** What reading and writing of pending requests needs. */
export type RequestTexts = { readonly challenges: ChallengeText; readonly settings: { readonly issuer: string } };

/** A request as the login app sees it. */
export function viewLogin(row: InteractionRequest, login: LoginFacts, texts: RequestTexts): PendingRequest {
  return {
    ...viewParameters(row, texts),
    challenge: texts.challenges.write('login_challenge', row.id),
    skip: login.skip,
    subject: login.subject,
    sessionId: login.sid,
    reason: login.reason ?? '',
    ...(login.hintClaims !== undefined ? { hintClaims: login.hintClaims } : {}),
  };
}

/** A request as the consent app sees it. */
export function viewConsent(
  row: Pick<PendingAuthorizationRequest, 'id' | 'parameters' | 'createdAt'>,
  facts: ConsentFacts,
  kind: 'consent_challenge' | 'consent_request',
  texts: RequestTexts,
): PendingRequest {
  return {
    ...viewParameters(row, texts),
    challenge: texts.challenges.write(kind, row.id),
    skip: facts.skip,
    subject: facts.subject,
    sessionId: facts.sid,
    reason: '',
  };
}

/** The authorization request as a URL: where a browser can start anew. */
export function requestUrlOf(
  { parameters }: Pick<PendingAuthorizationRequest, 'parameters'>,
  { settings }: Pick<RequestTexts, 'settings'>,
): string {
  return `${settings.issuer}/oauth2/auth?${forwardedQuery(new Map(Object.entries(parameters)))}`;
}

/** The request as a consent keeps it, members as the consent app saw them, without the client. */
export function describeRequest(
  row: Pick<PendingAuthorizationRequest, 'id' | 'parameters' | 'createdAt'>,
  { facts, subject }: { readonly facts: ConsentFacts; readonly subject: string },
  texts: RequestTexts,
): JsonObject {
  const view = viewConsent(row, facts, 'consent_challenge', texts);
  return {
    challenge: view.challenge,
    consent_request_id: facts.consentRequestId,
    requested_scope: view.requestedScope,
    requested_access_token_audience: view.requestedAudience,
    skip: view.skip,
    subject,
    oidc_context: {
      acr_values: view.acrValues,
      ui_locales: view.uiLocales,
      display: view.display,
      login_hint: view.loginHint,
    },
    request_url: view.requestUrl,
    login_session_id: view.sessionId,
    ...(facts.acr !== undefined ? { acr: facts.acr } : {}),
    ...(facts.amr !== undefined ? { amr: facts.amr } : {}),
    ...(facts.context !== undefined ? { context: facts.context } : {}),
  };
}

/** The scopes of a stored request: judged when it came. */
export function requestedScopes({ parameters }: Pick<PendingAuthorizationRequest, 'parameters'>): readonly string[] {
  return parseScope(parameters['scope']);
}

/** The resources of a stored request: judged when it came. */
export function requestedAudience({ parameters }: Pick<PendingAuthorizationRequest, 'parameters'>): readonly string[] {
  return namedResources({ resource: parameters['resource'], audience: parameters['audience'] });
}

function viewParameters(row: Pick<PendingAuthorizationRequest, 'parameters' | 'createdAt'>, texts: RequestTexts) {
  const { parameters } = row;
  return {
    requestedScope: requestedScopes(row),
    requestedAudience: requestedAudience(row),
    acrValues: words(parameters['acr_values']),
    uiLocales: words(parameters['ui_locales']),
    display: parameters['display'] ?? '',
    loginHint: parameters['login_hint'] ?? '',
    requestUrl: requestUrlOf(row, texts),
    startedAt: row.createdAt,
  };
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(' ').filter((word) => word !== '');
}
