import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AppContext, sendPage, translatorFor } from './app-context.js';
import { displayText } from './pages/display-text.js';
import { parse } from './request-fields.js';

const querySchema = z.object({ error: z.string().default('unknown'), error_description: z.string().optional() });

/** GET /error: what the authorization server cannot tell a client (URLS_ERROR). */
export function registerError(app: FastifyInstance, context: AppContext): void {
  app.get('/error', async (request, reply) => showError(context, request, reply));
}

/** Shows the error of an authorization response, in words that are ours where the code is known. */
export function showError(context: AppContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { error, error_description: description } = parse(querySchema, request.query);
  const translator = translatorFor(context, request);
  const { t, has } = translator;
  const own = has(`error.${error}`) ? t(`error.${error}`) : undefined;
  const title = t('error.title');
  const data = {
    title,
    message: own ?? displayText(description ?? t('error.noDescription'), 600),
    code: displayText(error),
    advice: t('error.advice'),
    facts:
      own === undefined || description === undefined
        ? []
        : [[t('error.detail'), displayText(description, 600)] as const],
  };
  return sendPage(context, reply, 'message', data, { title, translator, status: 400 });
}
