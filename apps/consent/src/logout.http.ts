import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AppContext, findUser, sendPage, translatorFor } from './app-context.js';
import { callChallengeApi } from './challenge-flow/challenge-call.js';
import { requestOf } from './challenge-flow/oidc-context.js';
import { badRequest } from './failure.js';
import { clientView } from './pages/client-view.js';
import { displayText } from './pages/display-text.js';
import { answerFormPolicy } from './pages/security-headers.js';
import { parse } from './request-fields.js';
import {
  clearSession,
  ensureSession,
  formToken,
  readSession,
  sessionOfForm,
  staleForm,
} from './session/browser-session.js';
import { forgetKnownUser } from './session/known-user.js';

const querySchema = z.object({ logout_challenge: z.string().default('') });
const formSchema = z.object({
  csrf: z.string().default(''),
  decision: z.string().default(''),
  challenge: z.string().default(''),
});

/**
 * GET and POST /logout, GET /signed-out. With a logout challenge it is the whole session at the authorization server;
 * without one it is this app's own.
 */
export function registerLogout(app: FastifyInstance, context: AppContext): void {
  app.get('/logout', async (request, reply) => {
    const { logout_challenge: challenge } = parse(querySchema, request.query);
    if (challenge === '') throw badRequest('missingChallenge');
    return showLogout(context, request, reply, challenge);
  });

  app.post('/logout', async (request, reply) => {
    const { logout_challenge: logoutChallenge } = parse(querySchema, request.query);
    const form = parse(formSchema, request.body);
    const about = logoutChallenge !== '' ? logoutChallenge : form.challenge;
    const session = await sessionOfForm(context, request, { action: '/logout', about, token: form.csrf });
    if (session === undefined) throw staleForm();
    if (logoutChallenge === '') {
      clearSession(context, reply);
      return reply.redirect(about === '' ? '/' : `/login?challenge=${encodeURIComponent(about)}`, 303);
    }
    if (form.decision === 'logout') return reply.redirect(await accept(context, reply, logoutChallenge), 302);
    if (form.decision !== 'stay') throw badRequest('noDecision');
    const call = { resource: 'requests:logout', action: 'reject' } as const;
    await callChallengeApi(context, call, ({ logout }) => logout.reject(logoutChallenge));
    return reply.redirect('/still-signed-in', 303);
  });

  app.get('/signed-out', async (request, reply) => notice(context, request, reply, 'signedOut'));
  app.get('/still-signed-in', async (request, reply) => notice(context, request, reply, 'stillSignedIn'));
}

/** Asks, unless the client has shown whose session it means (OpenID Connect RP-Initiated Logout section 2). */
async function showLogout(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
  challenge: string,
): Promise<FastifyReply> {
  const call = { resource: 'requests:logout', action: 'get' } as const;
  const logout = await callChallengeApi(context, call, ({ logout: requests }) => requests.get(challenge));
  if (logout.rp_initiated === true) return reply.redirect(await accept(context, reply, challenge), 303);
  const session = await ensureSession(context, request, reply);
  const known = session.login?.subject === logout.subject ? session.login?.profile : undefined;
  const user = await findUser(context, logout.subject ?? '', known);
  const { client } = logout;
  const translator = translatorFor(context, request, requestOf(logout).languages);
  reply.header('content-security-policy', answerFormPolicy(redirectUrisOf(client)));
  const data = {
    query: `?logout_challenge=${encodeURIComponent(challenge)}`,
    formToken: formToken(context, session, '/logout', challenge),
    client: client?.client_id === undefined ? undefined : clientView(client, context.pages),
    user: user === undefined ? undefined : { name: displayText(user.name), email: displayText(user.email) },
  };
  return sendPage(context, reply, 'logout', data, { title: translator.t('logout.title'), translator });
}

/** Ends the session at the authorization server, and this app's own with it. */
async function accept(context: AppContext, reply: FastifyReply, challenge: string): Promise<string> {
  const call = { resource: 'requests:logout', action: 'accept' } as const;
  const answer = await callChallengeApi(context, call, ({ logout }) => logout.accept(challenge));
  const next = await context.redirectTargets.verify(answer.redirect_to);
  clearSession(context, reply);
  forgetKnownUser(context, reply);
  return next;
}

async function notice(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
  name: 'signedOut' | 'stillSignedIn',
): Promise<FastifyReply> {
  const translator = translatorFor(context, request);
  const { t } = translator;
  const title = t(`${name}.title`);
  const isSignedIn = (await readSession(context, request))?.login !== undefined;
  const data = {
    title,
    text: t(`${name}.text`),
    detail: name === 'signedOut' ? t('signedOut.shared') : undefined,
    action: isSignedIn
      ? { url: '/account', label: t('account.title') }
      : { url: '/login', label: t('signedOut.again') },
  };
  return sendPage(context, reply, 'notice', data, { title, translator });
}

function redirectUrisOf(client: Readonly<Record<string, unknown>> | null | undefined): readonly string[] {
  const uris = client?.['post_logout_redirect_uris'];
  return Array.isArray(uris) ? uris.filter((uri): uri is string => typeof uri === 'string') : [];
}
