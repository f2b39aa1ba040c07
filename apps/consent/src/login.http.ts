import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AppContext, profileToKeep, sendPage, translatorFor } from './app-context.js';
import { wantsLogin } from './authentication-request.js';
import type { Authentication } from './connectors/connector.js';
import { readLoginArrival } from './login-arrival.js';
import type { BrowserState, LoginPurpose } from './login-purpose.js';
import { answerFormPolicy } from './pages/security-headers.js';
import { parse } from './request-fields.js';
import { ensureSession, formToken, sessionOfForm, writeSession } from './session/browser-session.js';
import { forgetKnownUser, keepKnownUser, readKnownUser } from './session/known-user.js';
import { type Session, startSession } from './session/session.js';

const loginSchema = z.object({
  csrf: z.string().default(''),
  decision: z.string().default(''),
  email: z.string().max(320).default(''),
  password: z.string().max(1024).default(''),
  remember: z.string().optional(),
});

/** What a login form is shown with: what was typed, and why it is shown again. */
export type LoginOutcome = {
  readonly status: number;
  readonly login: string;
  readonly remember: boolean;
  /** Key of the translations, and a number for it. */
  readonly error: { readonly key: string; readonly count?: number };
};

/** GET and POST /login: who is in front of the browser. */
export function registerLogin(app: FastifyInstance, context: AppContext): void {
  app.get('/login', async (request, reply) => {
    const browser = await readBrowser(context, request, reply);
    const arrival = await readLoginArrival(context, request.query, browser);
    if (arrival.kind === 'answered') return reply.redirect(arrival.redirectTo, 303);
    return showLogin(context, { request, reply, session: browser.session }, arrival.purpose);
  });

  app.post('/login', async (request, reply) => {
    const browser = await readBrowser(context, request, reply);
    const arrival = await readLoginArrival(context, request.query, browser);
    if (arrival.kind === 'answered') return reply.redirect(arrival.redirectTo, 303);
    const { purpose } = arrival;
    const form = parse(loginSchema, request.body);
    const remember = form.remember !== undefined;
    const refuse = (status: number, error: LoginOutcome['error']): Promise<FastifyReply> =>
      showLogin(context, { request, reply, session: browser.session }, purpose, {
        status,
        error,
        login: form.email,
        remember,
      });

    const session = await sessionOfForm(context, request, { action: '/login', about: purpose.about, token: form.csrf });
    if (session === undefined) return refuse(403, { key: 'login.stale' });
    if (form.decision === 'cancel' && purpose.cancel !== undefined) return reply.redirect(await purpose.cancel(), 302);

    const account = form.email.trim().toLowerCase();
    const waitSeconds = context.throttle.attempt(request.ip, account);
    if (waitSeconds > 0) {
      context.log('warn', 'login throttled', { address: request.ip });
      reply.header('retry-after', String(waitSeconds));
      return refuse(429, { key: 'login.throttled', count: Math.ceil(waitSeconds / 60) });
    }
    const authentication = await context.connectors.password?.authenticate(form.email, form.password);
    if (authentication === undefined) {
      context.log('warn', 'login failed', { address: request.ip });
      return refuse(401, { key: 'login.wrong' });
    }
    context.throttle.succeed(request.ip, account);
    const next = await completeLogin(context, reply, { purpose, authentication, remember, browser: session.browser });
    return reply.redirect(next, 303);
  });
}

/** Says who signed in to whoever asked, and only then to this app's own session, which is a new one. */
export async function completeLogin(
  context: AppContext,
  reply: FastifyReply,
  login: {
    readonly purpose: LoginPurpose;
    readonly authentication: Authentication;
    readonly remember: boolean;
    readonly browser: string;
  },
): Promise<string> {
  const { purpose, authentication, remember, browser } = login;
  const { user } = authentication;
  const next = await purpose.complete({ authentication, remember, browser });
  context.log('info', 'login succeeded', { subject: user.subject });
  const profile = profileToKeep(context, user);
  const session = startSession(
    context.now(),
    {
      subject: user.subject,
      ...(purpose.challengeId !== undefined ? { challengeId: purpose.challengeId } : {}),
      ...(profile !== undefined ? { profile } : {}),
    },
    browser,
  );
  await writeSession(context, reply, session);
  if (remember) await keepKnownUser(context, reply, user);
  else forgetKnownUser(context, reply);
  return next;
}

export async function readBrowser(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<BrowserState> {
  return { session: await ensureSession(context, request, reply), known: await readKnownUser(context, request) };
}

/** A request for the form, and the session that the form is bound to. */
type LoginExchange = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly session: Session };

/** Shows the form, bound to the session that the browser has or just got. */
export async function showLogin(
  context: AppContext,
  { request, reply, session }: LoginExchange,
  purpose: LoginPurpose,
  outcome?: LoginOutcome,
): Promise<FastifyReply> {
  const translator = translatorFor(context, request, purpose.request.languages);
  const { upstream, password } = context.connectors;
  // The form leads to the authorization server, or to an upstream provider, and on from there.
  if (purpose.redirectUris !== undefined || upstream !== undefined) {
    reply.header('content-security-policy', answerFormPolicy(purpose.redirectUris ?? []));
  }
  const error = outcome?.error;
  const data = {
    query: purpose.query,
    formToken: formToken(context, session, '/login', purpose.about),
    client: purpose.client,
    cancel: cancelOf(purpose),
    login: outcome?.login ?? purpose.request.loginHint ?? '',
    again: wantsLogin(purpose.request),
    password: password !== undefined,
    upstream: upstream?.label,
    mayRemember: purpose.mayRemember,
    remember: outcome?.remember ?? false,
    error: error === undefined ? undefined : errorText(error, translator),
    demo: context.demo,
  };
  const { display } = purpose.request;
  return sendPage(context, reply, 'login', data, {
    title: translator.t('login.title'),
    translator,
    status: outcome?.status ?? 200,
    ...(display !== undefined ? { display } : {}),
  });
}

function errorText({ key, count }: LoginOutcome['error'], translator: ReturnType<typeof translatorFor>): string {
  return count === undefined ? translator.t(key) : translator.count(key, count);
}

function cancelOf({ cancel, cancelUrl }: LoginPurpose): { readonly url: string } | 'button' | undefined {
  if (cancel !== undefined) return 'button';
  return cancelUrl === undefined ? undefined : { url: cancelUrl };
}
