import { hkdfSync, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { type AppContext, type Log, sendPage } from './app-context.js';
import { connectAuthorizationServer } from './authorization-server.js';
import type { ConsentConfig } from './consent.config.js';
import { registerConsent } from './consent.http.js';
import { Failure } from './failure.js';
import { openUserFile } from './file-connector.js';
import { createHttpClient } from './http-client.js';
import { registerLogin } from './login.http.js';
import { createLoginThrottle } from './login-throttle.js';
import { loadPages } from './pages.js';
import { SECURITY_HEADERS, STRICT_TRANSPORT_SECURITY } from './security-headers.js';
import { registerWelcome } from './welcome.http.js';

/** A running consent app. `close` finishes requests under way and frees the port. */
export type ConsentApp = { readonly url: string; close(): Promise<void> };

const DEMO_USERS = new URL('../users.json', import.meta.url);
const MAX_FORM_BYTES = 64 * 1024;

/**
 * Starts the exemplary identity provider and consent app. `now` (milliseconds since the epoch) and `log` can be
 * given by the caller; by default the system's clock, and nothing. Rejects with ConsentConfigError when the user
 * file is unusable, and with the cause when the port or the CA file is.
 */
export async function startConsentApp(
  config: ConsentConfig,
  { now = Date.now, log = () => undefined }: { now?: () => number; log?: Log } = {},
): Promise<ConsentApp> {
  const http = createHttpClient(config.caFile);
  const secret = config.sessionSecret ?? randomBytes(32);
  const context: AppContext = {
    server: connectAuthorizationServer({
      ...config,
      http,
      now,
      warn: (message, fields) => log('warn', message, fields),
    }),
    connector: openUserFile(config.usersFile ?? DEMO_USERS),
    throttle: createLoginThrottle(now),
    pages: loadPages(),
    sessionKey: deriveKey(secret, 'consent session'),
    formKey: deriveKey(secret, 'consent form'),
    secureCookies: config.publicUrl?.startsWith('https:') ?? false,
    serverUrl: config.serverUrl,
    demo: config.usersFile === undefined,
    now,
    log,
  };
  const app = await createServer(context, config.trustedProxies);
  await app.listen({ port: config.port, host: config.host });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: config.publicUrl ?? `http://localhost:${port}`,
    async close() {
      await app.close();
      http.close();
    },
  };
}

async function createServer(context: AppContext, trustedProxies: readonly string[]): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: MAX_FORM_BYTES,
    forceCloseConnections: 'idle',
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
  });
  await app.register(cookie);
  await app.register(formbody);
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (context.secureCookies) reply.header('strict-transport-security', STRICT_TRANSPORT_SECURITY);
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const failure = toFailure(error, context.log);
    const { title, message, advice, facts, status } = failure;
    return sendPage(context, reply, 'message', { title, message, advice, facts, code: undefined }, status);
  });
  app.setNotFoundHandler(async () => {
    throw new Failure({ status: 404, title: 'Page not found', message: 'There is nothing at this address.' });
  });
  registerWelcome(app, context);
  registerLogin(app, context);
  registerConsent(app, context);
  return app;
}

/** What may be shown of an error; the rest is logged, never shown. */
function toFailure(error: FastifyError | Failure, log: Log): Failure {
  if (error instanceof Failure) {
    if (error.status === 403 || error.status >= 500)
      log('warn', error.message, { status: error.status, ...causeOf(error) });
    return error;
  }
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    return new Failure({
      status,
      title: 'This request is not readable',
      message: 'The browser sent something this app does not understand.',
    });
  }
  log('error', 'request failed', { error: error.stack ?? error.message });
  return new Failure({
    status: 500,
    title: 'Something went wrong',
    message: 'This is our fault, not yours. Please try again.',
  });
}

function causeOf(error: Failure): Record<string, string> {
  return error.cause instanceof Error ? { cause: error.cause.message } : {};
}

function deriveKey(secret: string | Buffer, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'castellan', label, 32));
}
