import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  type AppContext,
  describeClient,
  formToken,
  missingChallenge,
  readChallenge,
  readSession,
  sendPage,
  sessionOfForm,
  signedIn,
  staleForm,
} from './app-context.js';
import { answerUrl, type Challenge } from './challenge.js';
import { signConsentResponse } from './consent-response.js';
import { displayText } from './display-text.js';
import { badRequest } from './failure.js';
import { parse } from './request-fields.js';
import { describeScope } from './scopes.js';
import { answerFormPolicy } from './security-headers.js';
import type { Session } from './session.js';

const querySchema = z.object({
  challenge: z.string().default(''),
  error: z.string().optional(),
  error_description: z.string().optional(),
});
const formSchema = z.object({
  csrf: z.string().default(''),
  decision: z.string().default(''),
  allowed_scopes: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((scopes) => [scopes].flat()),
});

/** GET and POST /consent: what a client asks for, and what the user answers. */
export function registerConsent(app: FastifyInstance, context: AppContext): void {
  app.get('/consent', async (request, reply) => {
    const query = parse(querySchema, request.query);
    if (query.error !== undefined) {
      const data = {
        title: 'The request was refused',
        message: displayText(query.error_description ?? 'The authorization server gave no further explanation.', 600),
        code: displayText(query.error),
        advice: 'Go back to the application that sent you here. If this happens again, tell its makers.',
        facts: [],
      };
      return sendPage(context, reply, 'message', data, 400);
    }
    if (query.challenge === '') throw missingChallenge();

    const challenge = await readChallenge(context, query.challenge);
    const session = await readSession(context, request);
    const person = await signedIn(context, session);
    if (session === undefined || person === undefined || mustSignInAgain(context, session, challenge)) {
      return reply.redirect(loginUrl(query.challenge), 303);
    }
    reply.header('content-security-policy', answerFormPolicy(challenge.redirectUri));
    return sendPage(context, reply, 'consent', {
      title: 'Allow access',
      action: `/consent?challenge=${encodeURIComponent(query.challenge)}`,
      formToken: formToken(context, session, '/consent', query.challenge),
      logoutToken: formToken(context, session, '/logout', query.challenge),
      challenge: query.challenge,
      client: await describeClient(context, challenge.clientId),
      returnsTo: describeTarget(challenge.redirectUri),
      scopes: challenge.requestedScopes.map((scope) => describeScope(scope)),
      user: { name: displayText(person.user.name), email: displayText(person.user.email) },
      error: undefined,
    });
  });

  app.post('/consent', async (request, reply) => {
    const { challenge: jwt } = parse(querySchema, request.query);
    if (jwt === '') throw missingChallenge();
    const form = parse(formSchema, request.body);
    const session = await sessionOfForm(context, request, { action: '/consent', challenge: jwt, token: form.csrf });
    if (session === undefined) throw staleForm();

    const challenge = await readChallenge(context, jwt);
    const person = await signedIn(context, session);
    if (person === undefined || mustSignInAgain(context, session, challenge)) return reply.redirect(loginUrl(jwt), 303);

    const fields = { client: challenge.clientId, subject: person.user.subject };
    if (form.decision === 'deny') {
      context.log('info', 'consent denied', fields);
      return reply.redirect(answerUrl(challenge, 'denied'), 302);
    }
    if (form.decision !== 'allow')
      throw badRequest('No decision', 'The form was sent without a decision. Go back and choose “Allow” or “Deny”.');

    const grant = { challenge, user: person.user, grantedScopes: form.allowed_scopes, authenticatedAt: person.at };
    const key = await context.server.getKey('hydra.consent.response', 'private');
    const consent = await signConsentResponse(grant, key, context.now());
    context.log('info', 'consent given', fields);
    return reply.redirect(answerUrl(challenge, consent), 302);
  });
}

function loginUrl(challenge: string): string {
  return `/login?challenge=${encodeURIComponent(challenge)}`;
}

/** Whether the client asked for a login that is fresher than this one (OpenID Connect Core section 3.1.2.1). */
function mustSignInAgain(context: AppContext, session: Session, challenge: Challenge): boolean {
  if (session.login === undefined) return true;
  if (session.login.challengeId === challenge.id) return false;
  const ageSeconds = (context.now() - session.login.at) / 1000;
  return challenge.promptLogin || (challenge.maxAgeSeconds !== undefined && ageSeconds > challenge.maxAgeSeconds);
}

function describeTarget(redirectUri: string | undefined): string | undefined {
  if (redirectUri === undefined || !URL.canParse(redirectUri)) return undefined;
  const { protocol, host } = new URL(redirectUri);
  return displayText(['http:', 'https:'].includes(protocol) ? host : protocol);
}
