import type { FastifyInstance } from 'fastify';

/** How many requests this process has begun and ended, in memory only. */
export type RequestStatistics = { readonly requests: number; readonly responses: number };

/** Counts the requests of an HTTP server from now on; called before the server is ready. */
export function countRequests(server: Pick<FastifyInstance, 'addHook'>): () => RequestStatistics {
  let requests = 0;
  let responses = 0;
  server.addHook('onRequest', async () => {
    requests += 1;
  });
  server.addHook('onResponse', async () => {
    responses += 1;
  });
  return () => ({ requests, responses });
}
