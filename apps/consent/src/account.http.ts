import type { ConsentSession, LoginSession, SessionPage } from '@castellan/sdk/login-consent';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AppContext, sendPage, signedIn, translatorFor } from './app-context.js';
import { callChallengeApi } from './challenge-flow/challenge-call.js';
import type { User } from './connectors/connector.js';
import { badRequest, Failure } from './failure.js';
import { clientView } from './pages/client-view.js';
import { displayText } from './pages/display-text.js';
import type { Translator } from './pages/language.js';
import type { Grant, LoginSessionLine } from './pages/page-data.js';
import { describeScope } from './pages/scopes.js';
import { parse } from './request-fields.js';
import { clearSession, formToken, readSession, sessionOfForm, staleForm } from './session/browser-session.js';
import { forgetKnownUser } from './session/known-user.js';
import type { Session } from './session/session.js';

const NOTICES = ['revoked', 'ended'] as const;
const pageTokenSchema = z.string().min(1).max(200).optional().catch(undefined);
const querySchema = z.object({
  done: z.enum(NOTICES).optional().catch(undefined),
  grants: pageTokenSchema,
  sessions: pageTokenSchema,
});
// Entries of either list that are read for one page; more than a person has, mostly.
const size = 100;
const grantsForm = z.object({ csrf: z.string().default(''), client: z.string().default('') });
const sessionsForm = z.object({ csrf: z.string().default(''), session: z.string().default('') });

/** GET /account: where a user is signed in, and which applications have access; both can be taken back. */
export function registerAccount(app: FastifyInstance, context: AppContext): void {
  app.get('/account', async (request, reply) => {
    const session = await readSession(context, request);
    const person = await signedIn(context, session);
    if (session === undefined || person === undefined) return reply.redirect('/login', 303);
    return showAccount(context, { request, reply }, { session, user: person.user });
  });

  app.post('/account/grants', async (request, reply) => {
    const form = parse(grantsForm, request.body);
    const { user } = await userOfForm(context, request, { action: '/account/grants', token: form.csrf });
    if (form.client === '') throw badRequest('noDecision');
    const call = { resource: 'sessions:consent', action: 'delete' } as const;
    await callChallengeApi(context, call, ({ consentSessions }) => consentSessions.revoke(user.subject, form.client));
    context.log('info', 'grant revoked', { subject: user.subject, client: form.client });
    return reply.redirect('/account?done=revoked', 303);
  });

  app.post('/account/sessions', async (request, reply) => {
    const form = parse(sessionsForm, request.body);
    const { user } = await userOfForm(context, request, { action: '/account/sessions', token: form.csrf });
    if (form.session === '') throw badRequest('noDecision');
    if (form.session !== 'all') {
      await endOne(context, user, form.session);
      return reply.redirect('/account?done=ended', 303);
    }
    const call = { resource: 'sessions:login', action: 'delete' } as const;
    await callChallengeApi(context, call, ({ loginSessions }) => loginSessions.revoke(user.subject));
    context.signedOut.everywhere(user.subject);
    context.log('info', 'signed out everywhere', { subject: user.subject });
    clearSession(context, reply);
    forgetKnownUser(context, reply);
    return reply.redirect('/signed-out', 303);
  });
}

/** Ends one session, of this user and nobody else: the form may name any. */
async function endOne(context: AppContext, user: User, id: string): Promise<void> {
  const list = { resource: 'sessions:login', action: 'get' } as const;
  const own = await callChallengeApi(context, list, ({ loginSessions }) => loginSessions.list(user.subject));
  if (!own.some((session) => session.id === id)) throw badRequest('sessionIsOver');
  const call = { resource: 'sessions:login', action: 'delete' } as const;
  await callChallengeApi(context, call, ({ loginSessions }) => loginSessions.revokeOne(id));
  context.log('info', 'session ended', { subject: user.subject });
}

async function userOfForm(
  context: AppContext,
  request: FastifyRequest,
  form: { readonly action: '/account/grants' | '/account/sessions'; readonly token: string },
): Promise<{ user: User; session: Session }> {
  const session = await sessionOfForm(context, request, { ...form, about: '' });
  const person = await signedIn(context, session);
  if (session === undefined || person === undefined) throw staleForm();
  return { user: person.user, session };
}

async function showAccount(
  context: AppContext,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { session, user }: { readonly session: Session; readonly user: User },
): Promise<FastifyReply> {
  const { done, ...tokens } = parse(querySchema, request.query);
  const translator = translatorFor(context, request);
  const { challenges } = context;
  const [grants, sessions] = await Promise.all([
    unlessRefused(context, 'sessions:consent', () =>
      challenges.consentSessions.page(user.subject, { size, token: tokens.grants }),
    ),
    unlessRefused(context, 'sessions:login', () =>
      challenges.loginSessions.page(user.subject, { size, token: tokens.sessions }),
    ),
  ]);
  const data = {
    user: { name: displayText(user.name), email: displayText(user.email) },
    notice: done === undefined ? undefined : translator.t(`account.${done}`),
    grants: grants === undefined ? undefined : grantsOf(grants.items, context, translator),
    sessions: sessions?.items.map(lineOf),
    more: {
      grants: queryOf({ ...tokens, grants: grants?.next }, grants?.next),
      sessions: queryOf({ ...tokens, sessions: sessions?.next }, sessions?.next),
    },
    later: { grants: tokens.grants !== undefined, sessions: tokens.sessions !== undefined },
    tokens: {
      grants: formToken(context, session, '/account/grants', ''),
      sessions: formToken(context, session, '/account/sessions', ''),
      logout: formToken(context, session, '/logout', ''),
    },
  };
  return sendPage(context, reply, 'account', data, { title: translator.t('account.title'), translator });
}

/** The query that goes on with one list and stays where it is in the other; undefined where that list is at its end. */
function queryOf(
  { grants, sessions }: { readonly grants?: string | undefined; readonly sessions?: string | undefined },
  next: string | undefined,
): string | undefined {
  if (next === undefined) return undefined;
  const query = new URLSearchParams({
    ...(grants !== undefined ? { grants } : {}),
    ...(sessions !== undefined ? { sessions } : {}),
  });
  return `?${query.toString()}`;
}

/** The page is right without what the authorization server does not show; the log says why. */
async function unlessRefused<T>(
  context: AppContext,
  resource: 'sessions:consent' | 'sessions:login',
  list: () => Promise<SessionPage<T>>,
): Promise<SessionPage<T> | undefined> {
  try {
    return await callChallengeApi(context, { resource, action: 'get' }, list);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context.log('warn', 'sessions not readable', { resource, status: error.status, reason: error.key });
    return undefined;
  }
}

/** One line of the page for each client: it may have been given something several times. */
function grantsOf(sessions: readonly ConsentSession[], context: AppContext, translator: Translator): readonly Grant[] {
  const byClient = new Map<string, { scopes: Set<string>; since: Date | undefined; session: ConsentSession }>();
  for (const session of sessions) {
    const id = session.consent_request?.client?.client_id;
    if (id === undefined) continue;
    const since = dateOf(session.handled_at);
    const entry = byClient.get(id) ?? { scopes: new Set<string>(), since, session };
    for (const scope of session.grant_scope ?? []) entry.scopes.add(scope);
    if (since !== undefined && (entry.since === undefined || since > entry.since)) entry.since = since;
    byClient.set(id, entry);
  }
  return [...byClient.values()].map(({ scopes, since, session }) => ({
    client: clientView(session.consent_request?.client ?? {}, context.pages),
    clientId: session.consent_request?.client?.client_id ?? '',
    scopes: [...scopes].map((scope) => describeScope(scope, context.pages.scopeIcons, translator)),
    since,
  }));
}

function lineOf({ id, authenticated_at: since, expires_at: until }: LoginSession): LoginSessionLine {
  return { id, since: dateOf(since), until: dateOf(until) };
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}
