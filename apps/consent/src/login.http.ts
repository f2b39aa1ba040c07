import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  type AppContext,
  clearSession,
  describeClient,
  formToken,
  readChallenge,
  readSession,
  sendPage,
  sessionOfForm,
  staleForm,
  writeSession,
} from './app-context.js';
import { answerUrl, type Challenge } from './challenge.js';
import { parse } from './request-fields.js';
import { startSession } from './session.js';

const querySchema = z.object({ challenge: z.string().default('') });
const loginSchema = z.object({
  csrf: z.string().default(''),
  email: z.string().max(320).default(''),
  password: z.string().max(1024).default(''),
});
const logoutSchema = z.object({ csrf: z.string().default(''), challenge: z.string().default('') });

type LoginForm = { readonly challenge: string; readonly request: Challenge | undefined };
type Outcome = { readonly status: number; readonly login: string; readonly error: string };

/** GET and POST /login, POST /logout: who is in front of the browser. */
export function registerLogin(app: FastifyInstance, context: AppContext): void {
  app.get('/login', async (request, reply) =>
    showLogin(context, request, reply, await readLoginForm(context, request)),
  );

  app.post('/login', async (request, reply) => {
    const form = await readLoginForm(context, request);
    const { csrf, email, password } = parse(loginSchema, request.body);
    const refuse = (outcome: Omit<Outcome, 'login'>): Promise<FastifyReply> =>
      showLogin(context, request, reply, form, { ...outcome, login: email });

    const session = await sessionOfForm(context, request, { action: '/login', challenge: form.challenge, token: csrf });
    if (session === undefined) {
      return refuse({ status: 403, error: 'This form was out of date. Please sign in again. This app needs cookies.' });
    }

    const account = email.trim().toLowerCase();
    const waitSeconds = context.throttle.attempt(request.ip, account);
    if (waitSeconds > 0) {
      context.log('warn', 'login throttled', { address: request.ip });
      reply.header('retry-after', String(waitSeconds));
      const minutes = Math.ceil(waitSeconds / 60);
      return refuse({
        status: 429,
        error: `Too many attempts. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
      });
    }

    const user = await context.connector.authenticate(email, password);
    if (user === undefined) {
      context.log('warn', 'login failed', { address: request.ip });
      return refuse({ status: 401, error: 'The email address or the password is not right.' });
    }
    context.throttle.succeed(request.ip, account);
    context.log('info', 'login succeeded', { subject: user.subject });
    const challengeId = form.request?.id;
    const login = { subject: user.subject, ...(challengeId !== undefined ? { challengeId } : {}) };
    await writeSession(context, reply, startSession(context.now(), login));
    return reply.redirect(
      form.request === undefined ? '/' : `/consent?challenge=${encodeURIComponent(form.challenge)}`,
      303,
    );
  });

  app.post('/logout', async (request, reply) => {
    const { csrf, challenge } = parse(logoutSchema, request.body);
    const session = await sessionOfForm(context, request, { action: '/logout', challenge, token: csrf });
    if (session === undefined) throw staleForm();
    clearSession(context, reply);
    return reply.redirect(challenge === '' ? '/' : `/login?challenge=${encodeURIComponent(challenge)}`, 303);
  });
}

async function readLoginForm(context: AppContext, request: FastifyRequest): Promise<LoginForm> {
  const { challenge } = parse(querySchema, request.query);
  return { challenge, request: challenge === '' ? undefined : await readChallenge(context, challenge) };
}

async function showLogin(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
  form: LoginForm,
  outcome?: Outcome,
): Promise<FastifyReply> {
  const known = await readSession(context, request);
  const session = known ?? startSession(context.now());
  if (known === undefined) await writeSession(context, reply, session);
  const data = {
    title: 'Sign in',
    action: form.challenge === '' ? '/login' : `/login?challenge=${encodeURIComponent(form.challenge)}`,
    formToken: formToken(context, session, '/login', form.challenge),
    client: form.request === undefined ? undefined : await describeClient(context, form.request.clientId),
    cancelUrl: form.request === undefined ? undefined : answerUrl(form.request, 'denied'),
    login: outcome?.login ?? form.request?.loginHint ?? '',
    error: outcome?.error,
    demo: context.demo,
  };
  return sendPage(context, reply, 'login', data, outcome?.status ?? 200);
}
