import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseTraceparent, runInTrace } from '../tracing/trace-context.js';
import type { Span, Tracer } from '../tracing/tracer.js';

/** A span per request, under the caller's where it sent a `traceparent`; handlers run inside it. */
export function addSpans(server: FastifyInstance, tracer: Tracer): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  server.addHook('onRequest', (request, _reply, done) => {
    const span = tracer.start(request.method, 'server', parseTraceparent(request.headers['traceparent']));
    spans.set(request, span);
    runInTrace(span.context, done);
  });
  // The body arrives in events of the socket, outside of what onRequest began.
  server.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else runInTrace(span.context, done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    spans.get(request)?.end({
      name: `${request.method} ${route}`,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        'http.response.status_code': reply.statusCode,
        'castellan.request_id': request.id,
      },
      failed: reply.statusCode >= 500,
    });
    done();
  });
}
