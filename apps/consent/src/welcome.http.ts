import type { FastifyInstance } from 'fastify';
import { type AppContext, sendPage, signedIn, translatorFor } from './app-context.js';
import { Failure } from './failure.js';
import { displayText } from './pages/display-text.js';
import { formToken, readSession } from './session/browser-session.js';

/** GET /: what this app is; GET /health/alive for whoever starts it; the static files. */
export function registerWelcome(app: FastifyInstance, context: AppContext): void {
  app.get('/', async (request, reply) => {
    const session = await readSession(context, request);
    const person = await signedIn(context, session);
    const translator = translatorFor(context, request);
    const data = {
      serverUrl: context.serverUrl,
      user:
        person === undefined
          ? undefined
          : { name: displayText(person.user.name), email: displayText(person.user.email) },
      formToken: session === undefined ? '' : formToken(context, session, '/logout', ''),
      demo: context.demo,
    };
    return sendPage(context, reply, 'welcome', data, { title: translator.t('welcome.title'), translator });
  });

  app.get('/health/alive', async (_request, reply) => reply.type('application/json').send({ status: 'ok' }));

  app.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
    const asset = context.pages.asset(request.params.name);
    if (asset === undefined) throw new Failure({ status: 404, key: 'pageNotFound' });
    return reply.header('cache-control', 'public, max-age=86400').type(asset.type).send(asset.content);
  });
}
