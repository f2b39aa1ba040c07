import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../rpc/loopback.js';
import { HttpError } from './http-error.js';
import type { LeaveTaking } from './leave-taking.js';

/** Pages of this house run no script and load nothing. */
export const HTML_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const MAX_HEADERS = 100;

/** Headers of every answer, whatever became of the request. */
export const ANSWER_HEADERS = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' } as const;

/** What tells browsers to come over https only; nothing for a request that came without it. */
export function httpsDemand(secure: boolean, host: string): Readonly<Record<string, string>> {
  // Browsers apply the header to every port of a host: on localhost it would break other programs of the user.
  if (!secure || isLoopbackHost(host.replace(/:\d+$/, ''))) return {};
  return { 'strict-transport-security': 'max-age=31536000' };
}

function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) count += 1;
  }
  return count;
}

function checkHeaders(request: FastifyRequest): HttpError | undefined {
  const { rawHeaders, httpVersion } = request.raw;
  // The absolute form is for proxies; here it would let a caller choose a host that no code below looks for.
  if (!request.url.startsWith('/')) return new HttpError(400, 'The request target is not a path');
  if (rawHeaders.length > MAX_HEADERS * 2) return new HttpError(431, 'Too many header fields');
  const hosts = countHeader(rawHeaders, 'host');
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0'))
    return new HttpError(400, 'Exactly one Host header field is needed');
  if (countHeader(rawHeaders, 'content-type') > 1) return new HttpError(400, 'More than one Content-Type header field');
  if (countHeader(rawHeaders, 'authorization') > 1)
    return new HttpError(400, 'More than one Authorization header field');
  return undefined;
}

/** Security headers, request id, caching default, farewell while the server takes its leave, and refusal of header fields that two readers would read differently. */
export function addAnswerHeaders(server: FastifyInstance, leave: LeaveTaking): void {
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(ANSWER_HEADERS);
    reply.header('x-request-id', request.id);
    reply.headers(httpsDemand(request.secure, request.host));
    done(checkHeaders(request));
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (leave.begun) reply.header('connection', 'close');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    const contentType = String(reply.getHeader('content-type') ?? '');
    if (contentType.startsWith('text/html') && !reply.hasHeader('content-security-policy')) {
      reply.header('content-security-policy', HTML_POLICY);
    }
    done(null, payload);
  });
}
