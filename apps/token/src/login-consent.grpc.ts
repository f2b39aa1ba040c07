import {
  acceptConsent,
  acceptLogin,
  type Consent,
  type ConsentName,
  type DecisionOutcome,
  type DecisionTools,
  findConsentRequest,
  findLoginRequest,
  type JsonObject,
  type LoginSession,
  type LoginSessionStore,
  type PendingRequest,
  rejectConsent,
  rejectLogin,
  type StoredClient,
} from '@castellan/oauth2';
import { type CallContext, loginV1, type PeerTable, RpcError, type RpcHandlers } from '@castellan/rpc';
import { type Logger, RpcService } from '@castellan/service';
import { toDatedClientMessage } from './client-message.js';
import { answerOrStatus } from './rpc-answer.js';
import type { TokenService } from './token-service.js';

/** Who may call which rpc of LoginConsent: the admin API, which asks the Warden first. */
export const loginConsentPeers: PeerTable<typeof loginV1.LoginConsentService> = {
  getLoginRequest: ['admin'],
  acceptLoginRequest: ['admin'],
  rejectLoginRequest: ['admin'],
  getConsentRequest: ['admin'],
  acceptConsentRequest: ['admin'],
  rejectConsentRequest: ['admin'],
  listConsents: ['admin'],
  revokeConsents: ['admin'],
  listLoginSessions: ['admin'],
  revokeLoginSessions: ['admin'],
};

const longestPage = 500;

/** The service LoginConsent: pending requests of browsers, and what users and apps decide about them. */
@RpcService(loginV1.LoginConsentService, loginConsentPeers)
export class LoginConsentRpc implements RpcHandlers<typeof loginV1.LoginConsentService> {
  private readonly tools: DecisionTools;
  private readonly lifetimeMs: number;

  constructor(
    private readonly service: Pick<TokenService, 'authorization' | 'consents' | 'loginSessions' | 'clientStore'>,
    private readonly logger: Logger,
  ) {
    const { requests, clients, challenges, settings, mint } = service.authorization;
    this.tools = { requests, clients, challenges, settings };
    this.lifetimeMs = mint.lifetimes.challengeMs;
  }

  async getLoginRequest({ challenge }: loginV1.GetLoginRequestRequest): Promise<loginV1.GetLoginRequestResponse> {
    const found = await answerOrStatus(findLoginRequest(challenge, this.tools));
    if (found.kind === 'unknown') throw notFound();
    if (found.kind === 'handled') return { handled: { redirectTo: found.redirectTo } };
    return { request: this.toRequestMessage(found.request, found.client) };
  }

  async acceptLoginRequest(
    request: loginV1.AcceptLoginRequestRequest,
    context: CallContext,
  ): Promise<loginV1.AcceptLoginRequestResponse> {
    const { acr, amr, forceSubjectIdentifier, identityProviderSessionId, contextJson } = request;
    const login = {
      subject: request.subject,
      remember: request.remember,
      rememberFor: request.rememberFor,
      extendSession: request.extendSessionLifespan,
      ...(acr !== '' ? { acr } : {}),
      ...(amr.length > 0 ? { amr } : {}),
      ...(forceSubjectIdentifier !== '' ? { forceSubjectIdentifier } : {}),
      ...(identityProviderSessionId !== '' ? { identityProviderSessionId } : {}),
      ...(contextJson !== '' ? { context: readJson(contextJson) } : {}),
    };
    return this.decided('Login accepted', acceptLogin(request.challenge, login, this.tools), context);
  }

  async rejectLoginRequest(
    { challenge, refusal }: loginV1.RejectLoginRequestRequest,
    context: CallContext,
  ): Promise<loginV1.RejectLoginRequestResponse> {
    return this.decided('Login rejected', rejectLogin(challenge, readRefusal(refusal), this.tools), context);
  }

  async getConsentRequest({
    challenge,
    level2,
  }: loginV1.GetConsentRequestRequest): Promise<loginV1.GetConsentRequestResponse> {
    const found = await answerOrStatus(findConsentRequest(challenge, nameOf(level2), this.tools));
    if (found.kind === 'unknown') throw notFound();
    if (found.kind === 'handled') return { handled: { redirectTo: found.redirectTo } };
    const { facts } = found;
    return {
      request: {
        request: this.toRequestMessage(found.request, found.client),
        loginChallenge: found.loginChallenge,
        acr: facts.acr ?? '',
        amr: [...(facts.amr ?? [])],
        contextJson: writeJson(facts.context),
        consentRequestId: facts.consentRequestId,
        redirectTo: found.redirectTo,
      },
    };
  }

  async acceptConsentRequest(
    request: loginV1.AcceptConsentRequestRequest,
    context: CallContext,
  ): Promise<loginV1.AcceptConsentRequestResponse> {
    const { contextJson, level2 } = request;
    const consent = {
      name: nameOf(level2),
      scopes: request.grantScope,
      audience: request.grantAudience,
      accessTokenExtra: readObject(request.accessTokenJson),
      idTokenExtra: readObject(request.idTokenJson),
      remember: request.remember,
      rememberFor: request.rememberFor,
      ...(contextJson !== '' ? { context: readJson(contextJson) } : {}),
      ...(level2 ? { subject: request.subject } : {}),
    };
    return this.decided('Consent accepted', acceptConsent(request.challenge, consent, this.tools), context);
  }

  async rejectConsentRequest(
    { challenge, refusal, level2 }: loginV1.RejectConsentRequestRequest,
    context: CallContext,
  ): Promise<loginV1.RejectConsentRequestResponse> {
    const rejection = { ...readRefusal(refusal), name: nameOf(level2) };
    return this.decided('Consent rejected', rejectConsent(challenge, rejection, this.tools), context);
  }

  async listConsents(request: loginV1.ListConsentsRequest): Promise<loginV1.ListConsentsResponse> {
    const { subject, sessionId, limit, after } = request;
    const which = { subject, ...(sessionId !== '' ? { sid: sessionId } : {}) };
    const page = { limit: pageSize(limit), ...(after !== '' ? { after } : {}) };
    const consents = await answerOrStatus(this.service.consents.list(which, page));
    return { consents: await Promise.all(consents.map((consent) => this.toConsentMessage(consent))) };
  }

  async revokeConsents(
    { subject, clientId, id }: loginV1.RevokeConsentsRequest,
    { requestId }: CallContext,
  ): Promise<loginV1.RevokeConsentsResponse> {
    const which = {
      ...(subject !== '' ? { subject } : {}),
      ...(clientId !== '' ? { clientId } : {}),
      ...(id !== '' ? { id } : {}),
    };
    if (Object.keys(which).length === 0) throw new RpcError('INVALID_ARGUMENT', 'no consent is named');
    const grants = await answerOrStatus(this.service.consents.revoke(which));
    this.logger.info('Consents revoked', { ...which, grants, request_id: requestId });
    return { grants };
  }

  async listLoginSessions(request: loginV1.ListLoginSessionsRequest): Promise<loginV1.ListLoginSessionsResponse> {
    const { subject, limit, after } = request;
    const { loginSessions } = this.service;
    const sessions = await answerOrStatus(loginSessions.list(subject, { limit: pageSize(limit), after }));
    const clients = await answerOrStatus(loginSessions.clientsOf(sessions.map(({ sid }) => sid)));
    return { sessions: sessions.map((session) => toSessionMessage(session, clients)) };
  }

  async revokeLoginSessions(
    { subject, sessionId, revokeTokens }: loginV1.RevokeLoginSessionsRequest,
    { requestId }: CallContext,
  ): Promise<loginV1.RevokeLoginSessionsResponse> {
    if ((subject === '') === (sessionId === '')) {
      throw new RpcError('INVALID_ARGUMENT', 'either a subject or a session is named');
    }
    const which = sessionId === '' ? { subject } : { sid: sessionId };
    const ended = await answerOrStatus(this.service.loginSessions.end(which, { revokeTokens }));
    this.logger.info('Login sessions ended', { ...which, sessions: ended.length, request_id: requestId });
    return { sessions: ended.length };
  }

  private async decided(what: string, decision: Promise<DecisionOutcome>, { requestId }: CallContext) {
    const outcome = await answerOrStatus(decision);
    if (outcome.kind === 'unknown') throw notFound();
    if (outcome.kind === 'conflict') throw new RpcError('ABORTED', 'The request was decided already');
    this.logger.info(what, { request_id: requestId });
    return { redirectTo: outcome.redirectTo };
  }

  private toRequestMessage(request: PendingRequest, client: StoredClient): loginV1.PendingRequest {
    return {
      challenge: request.challenge,
      requestedScope: [...request.requestedScope],
      requestedAudience: [...request.requestedAudience],
      skip: request.skip,
      subject: request.subject,
      oidcContext: {
        acrValues: [...request.acrValues],
        uiLocales: [...request.uiLocales],
        display: request.display,
        idTokenHintClaimsJson: writeJson(request.hintClaims),
        loginHint: request.loginHint,
      },
      client: toDatedClientMessage(client),
      requestUrl: request.requestUrl,
      sessionId: request.sessionId,
      expiresAtMs: request.startedAt + this.lifetimeMs,
      reason: request.reason,
    };
  }

  private async toConsentMessage(consent: Consent): Promise<loginV1.Consent> {
    const { details } = consent;
    const stored = await answerOrStatus(this.service.clientStore.find(consent.clientId));
    return {
      id: consent.id,
      grantScope: [...consent.scopes],
      grantAudience: [...consent.audience],
      accessTokenJson: JSON.stringify(details.accessTokenExtra),
      idTokenJson: JSON.stringify(details.idTokenExtra),
      remember: consent.remembered,
      rememberFor: consent.rememberFor,
      handledAtMs: consent.handledAt,
      contextJson: writeJson(details.context),
      requestJson: JSON.stringify(details.request),
      client: stored === undefined ? undefined : toDatedClientMessage(stored),
    };
  }
}

function nameOf(level2: boolean): ConsentName {
  return level2 ? 'consent_request' : 'consent_challenge';
}

function pageSize(limit: number): number {
  if (limit < 1 || limit > longestPage)
    throw new RpcError('INVALID_ARGUMENT', `a page has 1 to ${longestPage} entries`);
  return limit;
}

function readRefusal(refusal: loginV1.Refusal | undefined) {
  return {
    error: refusal?.error ?? '',
    description: refusal?.errorDescription ?? '',
    hint: refusal?.errorHint ?? '',
    debug: refusal?.errorDebug ?? '',
    statusCode: refusal?.statusCode ?? 0,
  };
}

function readObject(json: string): JsonObject {
  if (json === '') return {};
  const value = readJson(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RpcError('INVALID_ARGUMENT', 'session.access_token and session.id_token must be objects');
  }
  return value as JsonObject;
}

function readJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new RpcError('INVALID_ARGUMENT', 'a member is no JSON');
  }
}

function writeJson(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}

function toSessionMessage(
  session: LoginSession,
  clients: Awaited<ReturnType<LoginSessionStore['clientsOf']>>,
): loginV1.LoginSession {
  return {
    id: session.sid,
    subject: session.subject,
    authTime: session.authTime,
    acr: session.acr ?? '',
    amr: [...session.amr],
    remembered: session.remembered,
    createdAtMs: session.createdAt,
    expiresAtMs: session.expiresAt,
    clientIds: clients.filter(({ sid }) => sid === session.sid).map(({ clientId }) => clientId),
  };
}

function notFound(): RpcError {
  return new RpcError('NOT_FOUND', 'Not found');
}
