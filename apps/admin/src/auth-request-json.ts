import type { loginV1 } from '@castellan/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { badRequest } from './admin-error.js';
import { pathParameter, queryParameter, sendJson } from './admin-request.js';
import { flagSchema, jsonObject, type JsonMember, listSchema, textSchema } from './json.js';
import { hydraClientJson } from './hydra-client-json.js';

const secondsSchema = z.number().int().min(0).nullish();
const anySchema = z.unknown().optional();

/** Body of `PUT .../login/accept`. */
export const acceptLoginSchema = z.object({
  subject: textSchema,
  remember: flagSchema,
  remember_for: secondsSchema,
  extend_session_lifespan: flagSchema,
  acr: textSchema,
  amr: listSchema,
  force_subject_identifier: textSchema,
  identity_provider_session_id: textSchema,
  context: anySchema,
});

/** Body of `PUT .../consent/accept`. `handled_at` of older SDKs is ours to know and ignored. */
export const acceptConsentSchema = z.object({
  grant_scope: listSchema,
  grant_access_token_audience: listSchema,
  session: z.object({ access_token: anySchema, id_token: anySchema }).nullish(),
  remember: flagSchema,
  remember_for: secondsSchema,
  context: anySchema,
});

/** Body of `PUT .../reject`. */
export const rejectSchema = z.object({
  error: textSchema,
  error_description: textSchema,
  error_hint: textSchema,
  error_debug: textSchema,
  status_code: z.number().int().nullish(),
});

/** A refusal as the body says it. */
export function refusalFromBody(body: z.infer<typeof rejectSchema>): loginV1.Refusal {
  return {
    error: body.error ?? '',
    errorDescription: body.error_description ?? '',
    errorHint: body.error_hint ?? '',
    errorDebug: body.error_debug ?? '',
    statusCode: body.status_code ?? 0,
  };
}

/** Any JSON value as text; empty when it is absent or null. */
export function jsonText(value: unknown): string {
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** The challenge of a request: in the query under today's name or that of 1.0, or in the path as in its betas. */
export function challengeOf(request: FastifyRequest, name: 'login_challenge' | 'consent_challenge'): string {
  const challenge =
    queryParameter(request, name) ?? queryParameter(request, 'challenge') ?? pathParameter(request, 'challenge');
  if (challenge === '') throw badRequest(`The parameter ${name} is missing`);
  return challenge;
}

/** A decided request: 410, and where the browser can start anew. */
export function sendHandled(reply: FastifyReply, { redirectTo }: loginV1.Handled): void {
  sendJson(reply, 410, JSON.stringify({ redirect_to: redirectTo }));
}

/** What login and consent requests have in common; `sessionName` is what each calls the session. */
export function requestMembers(
  request: loginV1.PendingRequest,
  sessionName: 'session_id' | 'login_session_id',
): readonly JsonMember[] {
  const { oidcContext: context } = request;
  const hint = context?.idTokenHintClaimsJson ?? '';
  return [
    ['challenge', JSON.stringify(request.challenge)],
    ['requested_scope', JSON.stringify(request.requestedScope)],
    ['requested_access_token_audience', JSON.stringify(request.requestedAudience)],
    ['skip', JSON.stringify(request.skip)],
    ['subject', JSON.stringify(request.subject)],
    [
      'oidc_context',
      jsonObject([
        ['acr_values', textsOf(context?.acrValues)],
        ['ui_locales', textsOf(context?.uiLocales)],
        ['display', textOf(context?.display)],
        ['id_token_hint_claims', hint === '' ? undefined : hint],
        ['login_hint', textOf(context?.loginHint)],
      ]),
    ],
    ['client', request.client === undefined ? undefined : hydraClientJson(request.client)],
    ['request_url', JSON.stringify(request.requestUrl)],
    [sessionName, JSON.stringify(request.sessionId)],
    ['expires_at', JSON.stringify(new Date(request.expiresAtMs).toISOString())],
    ['reason', textOf(request.reason)],
  ];
}

/** A consent request as the SDKs read it. */
export function consentRequestJson(found: loginV1.ConsentRequest, request: loginV1.PendingRequest): string {
  return jsonObject([
    ...requestMembers(request, 'login_session_id'),
    ['login_challenge', textOf(found.loginChallenge)],
    ['consent_request_id', JSON.stringify(found.consentRequestId)],
    ['acr', JSON.stringify(found.acr)],
    ['amr', textsOf(found.amr)],
    ['context', found.contextJson === '' ? undefined : found.contextJson],
  ]);
}

/** A consent in force as the SDKs read it. */
export function consentJson(consent: loginV1.Consent): string {
  const kept = consent.requestJson === '' ? '{}' : consent.requestJson;
  const client = consent.client === undefined ? undefined : hydraClientJson(consent.client);
  return jsonObject([
    ['consent_request', client === undefined ? kept : withMember(kept, 'client', client)],
    ['consent_request_id', JSON.stringify(consent.id)],
    ['grant_scope', JSON.stringify(consent.grantScope)],
    ['grant_access_token_audience', JSON.stringify(consent.grantAudience)],
    [
      'session',
      jsonObject([
        ['access_token', consent.accessTokenJson],
        ['id_token', consent.idTokenJson],
      ]),
    ],
    ['remember', JSON.stringify(consent.remember)],
    ['remember_for', JSON.stringify(consent.rememberFor)],
    ['handled_at', JSON.stringify(new Date(consent.handledAtMs).toISOString())],
    ['context', consent.contextJson === '' ? undefined : consent.contextJson],
  ]);
}

/** Puts a member in front of those of an object's text. */
function withMember(object: string, name: string, json: string): string {
  const rest = object.slice(1);
  return `{${JSON.stringify(name)}:${json}${rest === '}' ? '' : ','}${rest}`;
}

function textOf(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : JSON.stringify(text);
}

function textsOf(texts: readonly string[] | undefined): string | undefined {
  return texts === undefined || texts.length === 0 ? undefined : JSON.stringify(texts);
}
