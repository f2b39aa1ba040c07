import Fastify, { type FastifyRequest } from 'fastify';
import { createWardenClient, fastifyGuard } from '../index.js';

const warden = createWardenClient({
  target: process.env['WARDEN_GRPC'] ?? 'localhost:4452',
  // In production: { kind: 'tls', ca, cert, key }, and the certificate's name in WARDEN_CALLERS of the Warden.
  security: { kind: 'plaintext' },
});

type ArticleRequest = FastifyRequest<{ Params: { id: string } }>;

export const app = Fastify();
app.addHook('onClose', async () => warden.close());
app.get(
  '/articles/:id',
  {
    preHandler: fastifyGuard(warden, (request: ArticleRequest) => ({
      resource: `article:${request.params.id}`,
      action: 'read',
      scopes: ['articles'],
    })),
  },
  async () => ({ title: 'For those who may read it' }),
);
