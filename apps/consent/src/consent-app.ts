import { createLoginConsentClient } from '@castellan/sdk/login-consent';
import { hkdfSync, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createAccessTokens } from './access-tokens.js';
import { registerAccount } from './account.http.js';
import { type AppContext, type Log, sendPage, translatorFor } from './app-context.js';
import { RequestIsOver } from './challenge-flow/challenge-call.js';
import { createRedirectTargets } from './challenge-flow/redirect-to.js';
import { openUserFile } from './connectors/file-connector.js';
import { createUpstreamConnector } from './connectors/upstream-connector.js';
import type { ConsentConfig } from './consent.config.js';
import { registerConsent } from './consent.http.js';
import { registerError } from './error.http.js';
import { Failure } from './failure.js';
import { createHttpClient, type HttpClient } from './http-client.js';
import { createKeyReader } from './jwt-flow/key-reader.js';
import { registerLogin } from './login.http.js';
import { registerLogout } from './logout.http.js';
import { loadPages } from './pages/pages.js';
import { SECURITY_HEADERS, STRICT_TRANSPORT_SECURITY } from './pages/security-headers.js';
import { createLoginThrottle } from './session/login-throttle.js';
import { createSignedOut } from './session/signed-out.js';
import { registerUpstream } from './upstream.http.js';
import { registerWelcome } from './welcome.http.js';

/** A running consent app. `close` finishes requests under way and frees the port. */
export type ConsentApp = { readonly url: string; close(): Promise<void> };

const DEMO_USERS = new URL('../users.json', import.meta.url);
const DAY = 24 * 60 * 60;
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
  const upstreamHttp = config.upstream === undefined ? undefined : createHttpClient(config.upstream.caFile);
  let url = config.publicUrl ?? '';
  const context = createContext(config, { http, upstreamHttp, publicUrl: () => url, now, log });
  const app = await createServer(context, config.trustedProxies);
  await app.listen({ port: config.port, host: config.host });
  const { port } = app.server.address() as AddressInfo;
  url = config.publicUrl ?? `http://localhost:${port}`;
  return {
    url,
    async close() {
      await app.close();
      http.close();
      upstreamHttp?.close();
    },
  };
}

function createContext(
  config: ConsentConfig,
  options: {
    readonly http: HttpClient;
    readonly upstreamHttp: HttpClient | undefined;
    readonly publicUrl: () => string;
    readonly now: () => number;
    readonly log: Log;
  },
): AppContext {
  const { http, upstreamHttp, publicUrl, now, log } = options;
  const {
    serverUrl,
    adminUrl,
    clientId,
    readClients,
    rememberLoginSeconds = 30 * DAY,
    rememberConsentSeconds = 90 * DAY,
  } = config;
  const secret = config.sessionSecret ?? randomBytes(32);
  const upstream =
    config.upstream === undefined || upstreamHttp === undefined
      ? undefined
      : createUpstreamConnector(config.upstream, upstreamHttp);
  // The demo user is for trying out: an app that has a provider to ask has no known password.
  const users = config.usersFile ?? (upstream === undefined ? DEMO_USERS : undefined);
  const tokens = (scope: string): ReturnType<typeof createAccessTokens> =>
    createAccessTokens(config, { scope, http, now });
  return {
    challenges: createLoginConsentClient({
      adminUrl,
      tokens: tokens('hydra.consent'),
      fetch: (to, init) => http.fetch(to, init),
    }),
    redirectTargets: createRedirectTargets(serverUrl, http),
    keys: createKeyReader({
      adminUrl,
      clientId,
      tokens: tokens(readClients ? 'hydra.keys.get hydra.clients' : 'hydra.keys.get'),
      readClients,
      http,
      warn: (message, fields) => log('warn', message, fields),
    }),
    connectors: {
      ...(users !== undefined ? { password: openUserFile(users, upstream?.isOwn) } : {}),
      ...(upstream !== undefined ? { upstream } : {}),
    },
    throttle: createLoginThrottle(now),
    signedOut: createSignedOut(now),
    pages: loadPages({ reload: config.reload ?? false }),
    keysOfCookies: {
      session: deriveKey(secret, 'consent session'),
      form: deriveKey(secret, 'consent form'),
      upstream: deriveKey(secret, 'consent upstream'),
    },
    secureCookies: config.publicUrl?.startsWith('https:') ?? false,
    serverUrl,
    clientId,
    publicUrl,
    rememberSeconds: { login: rememberLoginSeconds, consent: rememberConsentSeconds },
    demo: users === DEMO_USERS,
    now,
    log,
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
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof RequestIsOver) return reply.redirect(error.redirectTo, 303);
    return showFailure(context, request, reply, toFailure(error, context.log));
  });
  app.setNotFoundHandler(async () => {
    throw new Failure({ status: 404, key: 'pageNotFound' });
  });
  for (const register of [
    registerWelcome,
    registerLogin,
    registerUpstream,
    registerConsent,
    registerLogout,
    registerAccount,
    registerError,
  ])
    register(app, context);
  return app;
}

function showFailure(
  context: AppContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { key, parameters, facts, status }: Failure,
): FastifyReply {
  const translator = translatorFor(context, request);
  const { t, has } = translator;
  const title = t(`failure.${key}.title`);
  const advice = `failure.${key}.advice`;
  const data = {
    title,
    message: t(`failure.${key}.message`, parameters),
    advice: has(advice) ? t(advice) : undefined,
    facts: facts.map(([name, value]) => [t(`facts.${name}`), value] as const),
    code: undefined,
  };
  return sendPage(context, reply, 'message', data, { title, translator, status });
}

/** What may be shown of an error; the rest is logged, never shown. */
function toFailure(error: FastifyError | Failure, log: Log): Failure {
  if (error instanceof Failure) {
    if (error.status === 403 || error.status >= 500 || error.cause !== undefined)
      log('warn', error.message, { status: error.status, ...causeOf(error) });
    return error;
  }
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) return new Failure({ status, key: 'notUnderstood' });
  log('error', 'request failed', { error: error.stack ?? error.message });
  return new Failure({ status: 500, key: 'fault' });
}

function causeOf(error: Failure): Record<string, string> {
  return error.cause instanceof Error ? { cause: error.cause.message } : {};
}

function deriveKey(secret: string | Buffer, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'castellan', label, 32));
}
