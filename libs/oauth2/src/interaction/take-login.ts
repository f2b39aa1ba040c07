import { randomUUID } from 'node:crypto';
import type { SessionStep } from '../authorization/authorization-request-store.js';
import type { AuthorizationTools, AuthorizeOutcome } from '../authorization/flow.js';
import { checkAuthTime } from '../authorization/max-age.js';
import { appendQuery, errorResponse } from '../authorization/response.js';
import type { SetCookie } from '../consent/flow-cookie.js';
import { OAuth2Error } from '../errors.js';
import type { AcceptedLogin, ConsentFacts, LoginFacts } from './interaction.js';
import type { LoginSession, NewLoginSession } from './login-session-store.js';
import { findRememberedConsent } from './remembered-consent.js';
import { refuseAsTold, refuseClientAsSubject, type ReturningRequest } from './returning-request.js';
import { sessionOf } from './send-to-login.js';
import { hashSessionSecret } from './session-cookie.js';

/** A session as the login leaves it, what that does to the store, and what the browser gets of it. */
type SessionChange = {
  readonly session: Pick<LoginSession, 'sid' | 'authTime'> & {
    readonly acr?: string;
    readonly amr?: readonly string[];
  };
  readonly step: SessionStep;
  readonly cookies: readonly SetCookie[];
};

/**
 * Spends the decision about a login: the session begins, or is used, and the browser goes on to the consent app.
 *
 * @throws OAuth2Error `login_required`, `consent_required`, `access_denied` for the client
 */
export async function takeLogin(returning: ReturningRequest, tools: AuthorizationTools): Promise<AuthorizeOutcome> {
  const { pending, interaction } = returning;
  const { login, loginDecision: decision } = interaction.state;
  if (login === undefined || decision === undefined) throw new Error('a decided login without facts or decision');
  if (decision.kind === 'rejected') return refuseAsTold(decision, returning, tools);
  await refuseClientAsSubject(decision.subject, tools);
  checkHint(decision, returning, tools);
  const change = login.skip
    ? await useSession(login, decision, returning, tools)
    : await beginSession(login, decision, returning, tools);
  checkAuthTime(change.session.authTime, {
    startedAt: Math.floor(pending.createdAt / 1000),
    prompt: returning.request.prompt,
    ...(returning.request.maxAge !== undefined ? { maxAge: returning.request.maxAge } : {}),
  });
  const consent = await consentFacts(change, decision, returning, tools);
  if (!consent.skip && returning.request.prompt.includes('none')) throw new OAuth2Error('consent_required');
  const state = { ...interaction.state, consent };
  const spent = await tools.requests.finishLogin(pending.id, { state, session: change.step });
  if (spent === 'lost') {
    // Another tab may have been faster: its request and its cookie stay.
    const error = login.skip
      ? new OAuth2Error('login_required', 'the login session has ended')
      : new OAuth2Error('access_denied', 'the request is decided or expired');
    return { kind: 'error-to-client', ...errorResponse(returning.target, error), cookies: [], error };
  }
  const challenge = tools.challenges.write('consent_challenge', pending.id);
  return {
    kind: 'to-consent',
    location: appendQuery(tools.settings.consentUrl, [['consent_challenge', challenge]]),
    cookies: change.cookies,
  };
}

function checkHint(decision: AcceptedLogin, { hint, client }: ReturningRequest, tools: AuthorizationTools): void {
  const { subject, forceSubjectIdentifier } = decision;
  const known = [tools.subjectIdentifier(client.client, subject), forceSubjectIdentifier];
  if (hint !== undefined && !known.includes(hint.subject)) {
    throw new OAuth2Error('login_required', 'another subject than that of the id_token_hint logged in');
  }
}

/** @throws OAuth2Error `login_required` when it has ended meanwhile */
async function useSession(
  { sid }: LoginFacts,
  decision: AcceptedLogin,
  { session: cookie, secure }: ReturningRequest,
  { sessions, settings, sessionCookies }: AuthorizationTools,
): Promise<SessionChange> {
  const session = await sessions.find(sid);
  if (session === undefined) throw new OAuth2Error('login_required', 'the login session has ended');
  if (!decision.extendSession || cookie === undefined) return { session, step: { kind: 'use', sid }, cookies: [] };
  const maxAgeSeconds = maxAgeOf(decision, settings.loginSessionMs);
  return {
    session,
    step: { kind: 'use', sid, extendToMs: lifetimeOf(decision, settings.loginSessionMs) },
    cookies: [sessionCookies.seal(cookie, { secure, ...(maxAgeSeconds !== undefined ? { maxAgeSeconds } : {}) })],
  };
}

/**
 * A login begins a session with a cookie that nobody held before. Its `sid` stays when the same subject logs in anew; a
 * session of somebody else in this browser ends.
 */
async function beginSession(
  login: LoginFacts,
  decision: AcceptedLogin,
  returning: ReturningRequest,
  tools: AuthorizationTools,
): Promise<SessionChange> {
  const { secure } = returning;
  const { settings, sessionCookies } = tools;
  const before = await sessionOf(returning, tools);
  const foreign = before !== undefined && before.subject !== decision.subject;
  const known = await tools.sessions.find(login.sid);
  const announced = known === undefined || known.subject === decision.subject ? login.sid : randomUUID();
  const secret = tools.mint.randomBytes(32);
  const session: NewLoginSession = {
    sid: before !== undefined && !foreign ? before.sid : announced,
    subject: decision.subject,
    // The moment of the app's decision, by the database's clock.
    authTime: Math.floor(returning.interaction.stageAt / 1000),
    amr: decision.amr ?? [],
    ...(decision.acr !== undefined ? { acr: decision.acr } : {}),
    ...(decision.identityProviderSessionId !== undefined
      ? { identityProviderSessionId: decision.identityProviderSessionId }
      : {}),
    ...(decision.remember ? { cookieHash: hashSessionSecret(secret) } : {}),
    lifetimeMs: lifetimeOf(decision, settings.loginSessionMs),
  };
  const maxAgeSeconds = maxAgeOf(decision, settings.loginSessionMs);
  return {
    session,
    step: { kind: 'begin', session, ...(foreign ? { endsSid: before.sid } : {}) },
    cookies: decision.remember
      ? [sessionCookies.seal({ secret }, { secure, ...(maxAgeSeconds !== undefined ? { maxAgeSeconds } : {}) })]
      : returning.session !== undefined
        ? [sessionCookies.clear(secure)]
        : [],
  };
}

function lifetimeOf({ rememberFor }: AcceptedLogin, longestMs: number): number {
  return rememberFor === 0 ? longestMs : Math.min(rememberFor * 1000, longestMs);
}

/** Undefined: until the browser is closed. */
function maxAgeOf(decision: AcceptedLogin, longestMs: number): number | undefined {
  return decision.rememberFor === 0 ? undefined : Math.floor(lifetimeOf(decision, longestMs) / 1000);
}

async function consentFacts(
  { session }: SessionChange,
  decision: AcceptedLogin,
  returning: ReturningRequest,
  tools: AuthorizationTools,
): Promise<ConsentFacts> {
  const remembered = await findRememberedConsent(decision.subject, returning, tools);
  const trusted = returning.client.client.loginConsent?.skipConsent === true;
  const acr = decision.acr ?? session.acr;
  const amr = decision.amr ?? session.amr;
  return {
    skip: (remembered !== undefined || trusted) && !returning.request.prompt.includes('consent'),
    subject: decision.subject,
    sid: session.sid,
    authTime: session.authTime,
    consentRequestId: randomUUID(),
    ...(acr !== undefined ? { acr } : {}),
    ...(amr !== undefined && amr.length > 0 ? { amr } : {}),
    ...(decision.context !== undefined ? { context: decision.context } : {}),
    ...(decision.forceSubjectIdentifier !== undefined
      ? { forceSubjectIdentifier: decision.forceSubjectIdentifier }
      : {}),
    ...(remembered !== undefined ? { consentId: remembered.id } : {}),
  };
}
