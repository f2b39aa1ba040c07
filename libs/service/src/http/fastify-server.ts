import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import { readRequestId } from '@castellan/rpc';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { activeTracer } from '../tracing/tracing.js';
import type { AdmissionDoor } from '../admission/admission.module.js';
import { addAccessLog } from './access-log.js';
import { addAdmission } from './admit-requests.js';
import { ANSWER_HEADERS, addAnswerHeaders } from './answer-headers.js';
import { addBodyParsers } from './body-parsers.js';
import { addCors, type CorsOptions } from './cors.js';
import { addSpans } from './http-spans.js';
import { errorJson } from './http-error.js';
import type { LeaveTaking } from './leave-taking.js';
import { createRefusalTurns } from './refusal-turns.js';
import { refuseEarly } from './refuse-early.js';
import { createRouteTable, type RouteTable } from './route-table.js';
import { addTransportCheck, addTransportFacts, type HttpTransport, type TlsCertificate } from './transport.js';

const LIMITS = {
  // A consent response travels in the query of a redirect: scopes and up to twice 8 KiB of extra claims in base64.
  maxHeaderSize: 48 * 1024,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
  // Checked with the other header fields, in our error form.
  requireHostHeader: false,
};

const TLS = {
  minVersion: 'TLSv1.2',
  honorCipherOrder: true,
  ecdhCurve: 'X25519:P-256',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const;

const STATUS_BY_CONNECTION_ERROR: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

export type FastifyServerOptions = {
  readonly transport: HttpTransport;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly accessLog: boolean;
  readonly cors: CorsOptions | undefined;
  readonly leave: LeaveTaking;
  /** Admission control, once the application is made; undefined where it is off. */
  readonly admission: () => AdmissionDoor | undefined;
};

/** TLS 1.2 or later with forward secrecy and authenticated encryption only. */
export function tlsOptions(certificate: TlsCertificate | undefined): SecureContextOptions & { ciphers: string } {
  return { ...TLS, ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }) };
}

function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = STATUS_BY_CONNECTION_ERROR[error.code ?? ''] ?? 400;
  const body = errorJson(status, STATUS_CODES[status] ?? 'Bad Request');
  if (socket.writable) {
    const headers = {
      ...ANSWER_HEADERS,
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        ...lines,
        `content-length: ${body.length}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  }
  socket.destroy();
}

/** A Fastify server with this house's limits, parsers, headers and checks, before any route is added. */
export function createFastifyServer(options: FastifyServerOptions): { server: FastifyInstance; routes: RouteTable } {
  const { transport } = options;
  const routes = createRouteTable();
  const server = fastify({
    ...(transport.kind === 'https' ? { https: { ...LIMITS, ...tlsOptions(transport.certificate) } } : { http: LIMITS }),
    bodyLimit: 1024 * 1024,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    routerOptions: {
      maxParamLength: 1024,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      caseSensitive: true,
    },
    requestIdHeader: false,
    genReqId: (request) => readRequestId(request.headers['x-request-id']),
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest,
    // A malformed path or an over-long parameter: no hook runs before this.
    frameworkErrors: (error, _request, reply) => {
      const status = error.statusCode ?? 400;
      const plain = reply as unknown as FastifyReply;
      plain.headers({
        ...ANSWER_HEADERS,
        'cache-control': 'no-store',
        'content-type': 'application/json; charset=utf-8',
      });
      plain.code(status).send(errorJson(status, STATUS_CODES[status] ?? 'Bad Request'));
    },
  }) as unknown as FastifyInstance;

  server.addHook('onRoute', (route) => routes.add(route.method, route.url));
  const tracer = activeTracer();
  if (tracer !== undefined) addSpans(server, tracer);
  // In this order: facts, headers of whatever answer comes, then the refusals.
  addTransportFacts(server, transport);
  addAnswerHeaders(server, options.leave);
  addTransportCheck(server, transport);
  if (options.cors !== undefined) addCors(server, options.cors, routes);
  addAccessLog(server, options.logger, options.metrics, options.accessLog);
  const { leave, metrics, admission: door } = options;
  const turns = createRefusalTurns();
  addAdmission(server, door, refuseEarly(server, { transport, leave, metrics, turns, door }), turns);
  addBodyParsers(server);
  return { server, routes };
}
