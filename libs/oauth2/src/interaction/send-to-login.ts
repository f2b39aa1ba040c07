import { randomUUID } from 'node:crypto';
import type { AuthorizationTools, AuthorizeOutcome, IncomingRequest } from '../authorization/flow.js';
import { forwardedQuery } from '../authorization/forwarded-parameters.js';
import { appendQuery } from '../authorization/response.js';
import { makeRequestId, startRequest } from '../authorization/start-request.js';
import { OAuth2Error } from '../errors.js';
import type { Interaction, InteractionStage, LoginFacts, LoginReason } from './interaction.js';
import type { LoginSession } from './login-session-store.js';
import { hashSessionSecret } from './session-cookie.js';

/**
 * Stores a valid request and sends the browser to the login app. Where the browser holds a session that the request may
 * use, the app is told to skip: it shall accept without asking.
 *
 * @throws OAuth2Error `login_required` when nobody may be asked and there is no such session, `invalid_request`,
 * `temporarily_unavailable`
 */
export async function sendToLogin(incoming: IncomingRequest, tools: AuthorizationTools): Promise<AuthorizeOutcome> {
  const session = await sessionOf(incoming, tools);
  const reason = await reasonToLogIn(session, incoming, tools);
  if (reason !== undefined && incoming.request.prompt.includes('none')) throw new OAuth2Error('login_required');
  const login: LoginFacts = {
    skip: reason === undefined,
    subject: reason === undefined ? (session?.subject ?? '') : '',
    // The same where the same subject logs in anew, so that clients know the session again.
    sid: session?.sid ?? randomUUID(),
    ...(reason !== undefined ? { reason } : {}),
    ...(incoming.hint !== undefined ? { hintClaims: incoming.hint.claims } : {}),
  };
  const stage = { stage: 'login', state: { flow: 'challenge', login } } as const;
  const { id, cookies } = await startInteraction(incoming, stage, tools);
  const challenge = tools.challenges.write('login_challenge', id);
  const url = tools.settings.loginUrl ?? tools.settings.consentUrl;
  return { kind: 'to-consent', location: appendQuery(url, [['login_challenge', challenge]]), cookies };
}

/**
 * Stores a valid request and sends the browser to the consent app with the id of a consent request, as Hydra 0.10 and
 * 0.11 did. They knew no login sessions: the app asks each time.
 *
 * @throws OAuth2Error `login_required`, `invalid_request`, `temporarily_unavailable`
 */
export async function sendToConsentRequest(
  incoming: IncomingRequest,
  tools: AuthorizationTools,
): Promise<AuthorizeOutcome> {
  if (incoming.request.prompt.includes('none')) throw new OAuth2Error('login_required');
  const consent = { skip: false, subject: '', sid: '', authTime: 0, consentRequestId: randomUUID() };
  const stage = { stage: 'consent', state: { flow: 'consent-request', consent } } as const;
  const { id, cookies } = await startInteraction(incoming, stage, tools);
  const request = tools.challenges.write('consent_request', id);
  return { kind: 'to-consent', location: appendQuery(tools.settings.consentUrl, [['consent', request]]), cookies };
}

/** The live session of the browser. */
export async function sessionOf(
  { session }: Pick<IncomingRequest, 'session'>,
  { sessions }: Pick<AuthorizationTools, 'sessions'>,
): Promise<LoginSession | undefined> {
  return session === undefined ? undefined : sessions.findByCookie(hashSessionSecret(session.secret));
}

async function startInteraction(
  incoming: IncomingRequest,
  interaction: { readonly stage: InteractionStage; readonly state: Interaction },
  tools: AuthorizationTools,
) {
  const { forwarded } = incoming;
  // Judged for its length: the request is shown to the apps as a URL.
  forwardedQuery(forwarded);
  const id = makeRequestId(tools);
  return {
    id,
    cookies: await startRequest(incoming, { id, parameters: Object.fromEntries(forwarded), interaction }, tools),
  };
}

/** Why the user has to log in (OpenID Connect Core section 3.1.2.1); undefined when the session will do. */
async function reasonToLogIn(
  session: LoginSession | undefined,
  incoming: IncomingRequest,
  tools: AuthorizationTools,
): Promise<LoginReason | undefined> {
  const { prompt, maxAge } = incoming.request;
  if (session === undefined) return 'no_session';
  if (prompt.includes('login')) return 'prompt_login';
  if (prompt.includes('select_account')) return 'prompt_select_account';
  if (maxAge !== undefined && session.authTime < Math.floor(tools.mint.now() / 1000) - maxAge) return 'max_age';
  return (await isHinted(session, incoming, tools)) ? undefined : 'id_token_hint';
}

/** Whether a session is of the subject that the client expects; the client may know a name that the login app chose. */
async function isHinted(
  { sid, subject }: LoginSession,
  { hint, client }: IncomingRequest,
  { subjectIdentifier, sessions }: AuthorizationTools,
): Promise<boolean> {
  if (hint === undefined || hint.subject === subjectIdentifier(client.client, subject)) return true;
  const known = await sessions.clientsOf([sid]);
  return known.some((each) => each.clientUid === client.uid && each.subjectIdentifier === hint.subject);
}
