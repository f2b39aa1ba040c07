import type { FastifyInstance } from 'fastify';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';

/**
 * One line per answer (route pattern, never the query) where `log` is on, and the counters. What admission control
 * turns away is counted and not written down.
 */
export function addAccessLog(server: FastifyInstance, logger: Logger, metrics: Metrics, log: boolean): void {
  server.addHook('onRequest', (_request, _reply, done) => {
    metrics.countInFlight('http', 1);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.countInFlight('http', -1);
    metrics.observeHttp(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    if (log && request.refusal === undefined) {
      logger.info('completed handling request', {
        method: request.method,
        path: route,
        status: reply.statusCode,
        took_ms: Math.round(reply.elapsedTime * 100) / 100,
        request_id: request.id,
      });
    }
    done();
  });
}
