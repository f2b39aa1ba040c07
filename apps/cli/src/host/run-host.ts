import { AdminModule } from '@castellan/admin';
import { GatewayModule } from '@castellan/gateway';
import { KeysModule, openKeyManager, serverCertificate, type KeyManager } from '@castellan/keys';
import { components, migrate, openDatabase, startEmbeddedPostgres } from '@castellan/postgres';
import {
  createHttpApp,
  OpenapiModule,
  Readiness,
  RpcModule,
  startOperations,
  type HttpApp,
  type Logger,
  type Metrics,
  type RunningService,
  type TlsCertificate,
} from '@castellan/service';
import { TokenModule } from '@castellan/token';
import { WardenModule } from '@castellan/warden';
import { hostApi } from './host-api.js';
import { isEmbedded, readHostConfig, withEmbeddedUrl, type HostConfig, type HostFlags } from './host.config.js';

export type HostOptions = {
  readonly env: NodeJS.ProcessEnv;
  readonly flags: HostFlags;
  /** Where the embedded PostgreSQL keeps its data. */
  readonly dataFolder: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Shows generated credentials of the root client, once. */
  readonly announceRoot: (id: string, secret: string) => void;
};

/** A running host. */
export type RunningHost = RunningService & {
  readonly issuer: string;
  /** The port that HTTP listens on. */
  readonly port: number;
  /** Certificate that HTTPS presents; absent without HTTPS. */
  readonly certificatePem?: string;
};

const certificateCheckMs = 12 * 60 * 60 * 1000;
// Any URL that passes the checks: the server that `embedded` stands for is not started yet.
const uncheckedEmbeddedUrl = 'postgres://castellan@localhost/castellan';

/**
 * Runs keys, warden, token, gateway and admin in this process on one origin. The whole configuration is checked before the database
 * is touched. Whatever was opened is closed again when a later step fails. Throws ConfigError or DatabaseError with one line.
 */
export async function runHost(options: HostOptions): Promise<RunningHost> {
  const closers: (() => Promise<void>)[] = [];
  async function close(): Promise<void> {
    for (const one of closers.splice(0).reverse()) await one();
  }
  try {
    return await openHost(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function openHost(
  options: HostOptions,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<RunningHost> {
  const { logger, metrics } = options;
  const config = await openDatabases(options, closers);

  const manager = await openKeyManager(config.keys, { logger, metrics });
  closers.push(() => manager.close());

  const { http } = config;
  const app = await createHttpApp({
    modules: [
      RpcModule.forRoot(config.grpc ?? {}),
      KeysModule.forManager(manager),
      WardenModule.forRoot(config.warden),
      TokenModule.forRoot(config.token),
      // On one origin there is one document, of both.
      GatewayModule.forRoot({ ...config.gateway, openapi: false }),
      AdminModule.forRoot(config.admin, { announce: options.announceRoot }),
      ...(config.gateway.openapi === true ? [OpenapiModule.forRoot(hostApi(config.gateway))] : []),
    ],
    logger,
    metrics,
    transport: http.transport ?? { kind: 'https' },
    accessLog: http.accessLog,
    ...(http.cors !== undefined ? { cors: http.cors } : {}),
    ...(config.admission !== undefined ? { admission: config.admission } : {}),
  });
  closers.push(() => app.close());
  await app.app.init();

  const certificatePem = await openTransport(config, options.env, { app, manager, logger, closers });
  await openOperations(options, app, closers);
  const port = await app.listen({ port: http.port, ...(http.host !== undefined ? { host: http.host } : {}) });
  const readiness = app.app.get(Readiness);
  return {
    issuer: config.issuer,
    port,
    drain() {
      readiness.drain();
      app.drain();
    },
    close,
    ...(certificatePem !== undefined ? { certificatePem } : {}),
  };
}

/** Checks the configuration, starts and migrates the embedded server where that is wanted, and proves that all schemas are there. */
async function openDatabases(options: HostOptions, closers: (() => Promise<void>)[]): Promise<HostConfig> {
  const { flags, logger } = options;
  let env = options.env;
  if (isEmbedded(env)) {
    readHostConfig(withEmbeddedUrl(env, uncheckedEmbeddedUrl), flags);
    const server = await startEmbeddedPostgres({
      folder: options.dataFolder,
      mode: 'product',
      onProgress: (line) => logger.info(line),
      onEnded: (line) => logger.error(line),
    });
    closers.push(() => server.stop());
    env = withEmbeddedUrl(env, server.url);
  }
  const config = readHostConfig(env, flags);
  if (env !== options.env) {
    const applied = await migrate({ urls: config.databaseUrls, onProgress: (line) => logger.debug(line) });
    if (applied > 0) logger.info(`Applied ${applied} SQL migrations to the embedded PostgreSQL`);
  }
  for (const url of new Set(Object.values(config.databaseUrls)))
    logger.info(`Connecting with ${withoutCredentials(url)}`);
  for (const component of components) {
    const url = config.databaseUrls[component];
    const database = await openDatabase({ url, component, poolSize: 1, onRetry: (message) => logger.warn(message) });
    await database.close();
  }
  logger.info('Connected to SQL!');
  return config;
}

function withoutCredentials(url: string): string {
  return url.replace(/^(\w+:\/\/)(?:[^@/?#]*@)?/, '$1*:*@');
}

type Transport = {
  readonly app: HttpApp;
  readonly manager: KeyManager;
  readonly logger: Logger;
  readonly closers: (() => Promise<void>)[];
};

/** Says how requests are protected; gives HTTPS the certificate of the key store when none is configured. */
async function openTransport(
  config: HostConfig,
  env: NodeJS.ProcessEnv,
  { app, manager, logger, closers }: Transport,
): Promise<string | undefined> {
  const transport = config.http.transport;
  if (transport?.kind === 'http') {
    logger.warn('HTTPS disabled. Never do this in production.');
    return undefined;
  }
  if (transport?.kind === 'terminated') {
    logger.info('TLS termination enabled, disabling https.');
    return undefined;
  }
  if (transport?.certificate !== undefined) {
    const isText = Boolean(env['HTTPS_TLS_CERT']);
    logger.info(isText ? 'Loaded certificate from environment variable' : 'Loaded tls certificate from file');
    return String(transport.certificate.cert);
  }
  if ((await manager.certificateKey.read()) === undefined) {
    logger.warn('No TLS Key / Certificate for HTTPS found. Generating self-signed certificate.');
  }
  const names = { issuer: config.issuer, ...(config.http.host !== undefined ? { host: config.http.host } : {}) };
  async function current(): Promise<TlsCertificate> {
    const { certPem, keyPem } = await serverCertificate(manager, names);
    return { cert: certPem, key: keyPem };
  }
  const certificate = await current();
  app.setCertificate(certificate);
  // A process that runs for months renews it, too.
  const renewal = setInterval(() => {
    current()
      .then((renewed) => app.setCertificate(renewed))
      .catch((error: unknown) => logger.error('The self-signed certificate could not be renewed', { error }));
  }, certificateCheckMs);
  renewal.unref();
  closers.push(async () => clearInterval(renewal));
  return String(certificate.cert);
}

/** Health and metrics for the operator's network, where a port is given for them. */
async function openOperations(options: HostOptions, app: HttpApp, closers: (() => Promise<void>)[]): Promise<void> {
  const { env, metrics } = options;
  if (!env['OPS_PORT']) return;
  const operations = await startOperations({
    port: Number(env['OPS_PORT']),
    metrics,
    readiness: app.app.get(Readiness),
    ...(env['OPS_HOST'] ? { host: env['OPS_HOST'] } : {}),
  });
  closers.push(() => operations.close());
}
