import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AppContext, sendPage, translatorFor } from './app-context.js';
import { consentChallengeOf, readConsentArrival } from './consent-arrival.js';
import type { ConsentPurpose } from './consent-purpose.js';
import { showError } from './error.http.js';
import { badRequest } from './failure.js';
import { describeTarget } from './pages/client-view.js';
import { displayText } from './pages/display-text.js';
import { describeClaim, describeScope } from './pages/scopes.js';
import { answerFormPolicy } from './pages/security-headers.js';
import { parse, repeated } from './request-fields.js';
import { ensureSession, formToken, readSession, sessionOfForm, staleForm } from './session/browser-session.js';

const querySchema = z.object({ error: z.string().optional() });
const formSchema = z.object({
  csrf: z.string().default(''),
  decision: z.string().default(''),
  allowed_scopes: repeated,
  allowed_claims: repeated,
  remember: z.string().optional(),
});

/** GET and POST /consent: what a client asks for, and what the user answers. */
export function registerConsent(app: FastifyInstance, context: AppContext): void {
  app.get('/consent', async (request, reply) => {
    // A server of 0.9 sends its errors here.
    if (parse(querySchema, request.query).error !== undefined) return showError(context, request, reply);
    const arrival = await readConsentArrival(context, request, await readSession(context, request));
    if (arrival.kind === 'answered') return reply.redirect(arrival.redirectTo, 303);
    return showConsent(context, request, reply, arrival.purpose);
  });

  app.post('/consent', async (request, reply) => {
    const about = consentChallengeOf(request);
    if (about === '') throw badRequest('missingChallenge');
    const form = parse(formSchema, request.body);
    const session = await sessionOfForm(context, request, { action: '/consent', about, token: form.csrf });
    if (session === undefined) throw staleForm();

    const arrival = await readConsentArrival(context, request, session);
    if (arrival.kind === 'answered') return reply.redirect(arrival.redirectTo, 303);
    const { purpose } = arrival;
    const fields = { client: purpose.clientId, subject: purpose.user.subject };
    if (form.decision === 'deny') {
      const next = await purpose.deny();
      context.log('info', 'consent denied', fields);
      return reply.redirect(next, 302);
    }
    if (form.decision !== 'allow') throw badRequest('noDecision');
    const { allowed_scopes: scopes, allowed_claims: claims, remember } = form;
    const next = await purpose.allow({ scopes, claims, remember: remember !== undefined });
    context.log('info', 'consent given', fields);
    return reply.redirect(next, 302);
  });
}

async function showConsent(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
  purpose: ConsentPurpose,
): Promise<FastifyReply> {
  const session = await ensureSession(context, request, reply);
  const translator = translatorFor(context, request, purpose.request.languages);
  reply.header('content-security-policy', answerFormPolicy(purpose.redirectUris));
  const { notYou, user } = purpose;
  const data = {
    query: purpose.query,
    formToken: formToken(context, session, '/consent', purpose.about),
    client: purpose.client,
    returnsTo: describeTarget(purpose.request.redirectUri),
    scopes: purpose.scopes.map((scope) => describeScope(scope, context.pages.scopeIcons, translator)),
    claims: purpose.claims.map((claim) => describeClaim(claim, translator)),
    audience: purpose.audience.map((each) => displayText(each, 200)),
    user: { name: displayText(user.name), email: displayText(user.email) },
    notYou:
      notYou === undefined || 'url' in notYou
        ? notYou
        : { challenge: notYou.challenge, formToken: formToken(context, session, '/logout', notYou.challenge) },
    mayRemember: purpose.mayRemember,
  };
  const { display } = purpose.request;
  return sendPage(context, reply, 'consent', data, {
    title: translator.t('consent.title'),
    translator,
    ...(display !== undefined ? { display } : {}),
  });
}
