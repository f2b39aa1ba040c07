import type { FastifyInstance } from 'fastify';
import { type AppContext, formToken, readSession, sendPage, signedIn } from './app-context.js';

/** GET /: what this app is; GET /health/alive for whoever starts it; the static files. */
export function registerWelcome(app: FastifyInstance, context: AppContext): void {
  app.get('/', async (request, reply) => {
    const session = await readSession(context, request);
    const person = await signedIn(context, session);
    return sendPage(context, reply, 'welcome', {
      title: 'Identity provider',
      serverUrl: context.serverUrl,
      user: person === undefined ? undefined : { name: person.user.name, email: person.user.email },
      formToken: session === undefined ? '' : formToken(context, session, '/logout', ''),
      demo: context.demo,
    });
  });

  app.get('/health/alive', async (_request, reply) => reply.type('application/json').send({ status: 'ok' }));

  for (const asset of context.pages.assets) {
    app.get(asset.path, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=86400').type(asset.type).send(asset.content),
    );
  }
}
