import { z } from 'zod';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ConfigError, booleanSchema, commaListSchema, integerSchema, readConfig } from '../config.js';
import type { RouteTable } from './route-table.js';

/** Cross-origin requests that browsers may make. */
export type CorsOptions = {
  /** Exact origins, such as `https://app.example`. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly credentials: boolean;
  /** Seconds for which a preflight may be remembered. */
  readonly maxAge: number;
  /** Route patterns that never take cross-origin requests, whatever else is configured. */
  readonly never?: readonly string[];
};

/** These endpoints are for browsers to go to, not for scripts to read (RFC 9700 section 2.6; the page of the second asks the user). */
const NEVER = ['/oauth2/auth', '/oauth2/sessions/logout'];

/** The variables of cross-origin requests. */
export const corsVariables = z.object({
  CORS_ALLOWED_ORIGINS: commaListSchema.optional(),
  CORS_ALLOWED_METHODS: commaListSchema.default(['GET', 'POST', 'PUT', 'DELETE']),
  CORS_ALLOWED_HEADERS: commaListSchema.default(['Authorization', 'Content-Type']),
  CORS_ALLOWED_CREDENTIALS: booleanSchema.default(false),
  CORS_MAX_AGE: integerSchema.default(600),
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text && /^https?:\/\/[^*]+$/.test(text);
}

/**
 * Reads the CORS variables; undefined (off) without `CORS_ALLOWED_ORIGINS`.
 * @throws ConfigError when an origin is not exact (`*`, `null`, a path, upper case)
 */
export function readCorsConfig(env: NodeJS.ProcessEnv): CorsOptions | undefined {
  const variables = readConfig(corsVariables, env);
  const origins = variables.CORS_ALLOWED_ORIGINS;
  if (origins === undefined || origins.length === 0) return undefined;
  if (!origins.every(isOrigin)) {
    throw new ConfigError('CORS_ALLOWED_ORIGINS: must list exact origins such as https://app.example:8080');
  }
  return {
    origins,
    methods: variables.CORS_ALLOWED_METHODS.map((method) => method.toUpperCase()),
    headers: variables.CORS_ALLOWED_HEADERS,
    credentials: variables.CORS_ALLOWED_CREDENTIALS,
    maxAge: variables.CORS_MAX_AGE,
  };
}

/** Answers preflights and marks answers (Fetch standard, CORS protocol) for the configured origins. */
export function addCors(server: FastifyInstance, cors: CorsOptions, routes: RouteTable): void {
  const never = new Set([...NEVER, ...(cors.never ?? [])]);

  function allowOrigin(reply: FastifyReply, origin: string): void {
    reply.header('access-control-allow-origin', origin);
    if (cors.credentials) reply.header('access-control-allow-credentials', 'true');
  }

  server.addHook('onRequest', (request, reply, done) => {
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    const path = request.url.split('?', 1)[0] ?? '/';
    const pattern = routes.patternOf(path);
    if (origin === undefined || pattern === undefined || never.has(pattern) || !cors.origins.includes(origin)) {
      return done();
    }
    const asked = request.headers['access-control-request-method'];
    if (request.method !== 'OPTIONS' || asked === undefined) {
      allowOrigin(reply, origin);
      reply.header('access-control-expose-headers', 'X-Request-Id, WWW-Authenticate');
      return done();
    }
    if (!cors.methods.includes(asked) || !routes.methodsOf(path).includes(asked)) return done();
    allowOrigin(reply, origin);
    reply.headers({
      'access-control-allow-methods': cors.methods.join(', '),
      'access-control-allow-headers': cors.headers.join(', '),
      'access-control-max-age': String(cors.maxAge),
    });
    reply.code(204).send();
  });
}
