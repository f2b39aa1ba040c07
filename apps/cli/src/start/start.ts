import { parseRootCredentials, type RootCredentials } from '@castellan/admin';
import { startConsentApp, type ConsentApp } from '@castellan/consent';
import { generateSystemSecret } from '@castellan/jwk';
import {
  ConfigError,
  portSchema,
  readEnvironment,
  runService,
  type Logger,
  type RunningService,
} from '@castellan/service';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createAdminApi } from '../admin-api.js';
import { writeDevelopmentCertificates } from '../certificates/development-certificates.js';
import type { CommandCall } from '../command.js';
import { writePrivateFile } from '../config-file.js';
import { everyVariable, programVariables } from '../configuration/variables.js';
import { dataFolder } from '../data-folder.js';
import { runHost } from '../host/run-host.js';
import { createHttpClient } from '../http-client.js';
import { errorText } from '../terminal.js';
import { consentClientId, ensureConsentClient } from './consent-client.js';
import { dataFiles, forgetRunning, makeDataFolder, readRunning, writeRunning, type DataFiles } from './data-files.js';
import { guide } from './guide.js';
import { keptFile } from './kept-file.js';

/** Whoever sets one of these has a login and consent app. */
const pageVariables = ['LOGIN_URL', 'CONSENT_URL', 'URLS_LOGIN', 'URLS_CONSENT'];

type Ports = { readonly public: number; readonly consent: number; readonly grpc: number };
type Context = Parameters<Parameters<typeof runService>[0]['start']>[0];

/** The command `start`: host on the embedded PostgreSQL with the consent app beside it, until SIGTERM or SIGINT. */
export async function start(call: CommandCall): Promise<void> {
  // The guide is for the person in front; the log of requests would scroll it away.
  const env = { ...call.terminal.env, LOG_LEVEL: call.terminal.env['LOG_LEVEL'] || 'warn' };
  const variables = { ...programVariables.host, CONSENT_PORT: portSchema.optional() };
  await runService({
    env,
    readEnvironment: () => readEnvironment(env, variables, everyVariable),
    start: (context) => open(call, context),
  });
}

async function open(call: CommandCall, { env, logger, metrics }: Context): Promise<RunningService> {
  const files = dataFiles(dataFolder(call.terminal));
  const ports = readPorts(env);
  await makeDataFolder(files.folder);
  const other = await readRunning(files);
  if (other !== undefined) {
    throw new ConfigError(
      `The data folder ${files.folder} is in use: process ${other.pid} serves it on ${other.clusterUrl}`,
    );
  }
  call.note(`Starting on the data folder ${files.folder} ...`);
  const systemSecret = env['SYSTEM_SECRET'] || (await keptSystemSecret(call, files));
  const root = await keptRoot(files, env);
  await writeDevelopmentCertificates(files.peers, []);

  const consentUrl = `http://localhost:${ports.consent}`;
  const host = await runHost({
    env: {
      ...withoutDatabases(env),
      DATABASE_URL: 'embedded',
      SYSTEM_SECRET: systemSecret,
      FORCE_ROOT_CLIENT_CREDENTIALS: `${encodeURIComponent(root.id)}:${encodeURIComponent(root.secret)}`,
      PORT: String(ports.public),
      ISSUER: env['ISSUER'] || `https://localhost:${ports.public}`,
      ...pagesOf(consentUrl, env),
      // Whoever tries the product out wants to see what there is.
      PUBLIC_OPENAPI: env['PUBLIC_OPENAPI'] || '1',
      GRPC_PORT: String(ports.grpc),
      GRPC_TLS_CA_PATH: join(files.peers, 'ca.pem'),
      GRPC_TLS_CERT_PATH: join(files.peers, 'warden.pem'),
      GRPC_TLS_KEY_PATH: join(files.peers, 'warden-key.pem'),
    },
    flags: { forceHttp: false, grpcPlaintext: false, programName: call.terminal.programName },
    dataFolder: files.folder,
    logger,
    metrics,
    announceRoot: () => undefined,
  });
  let consent: ConsentApp | undefined;
  async function close(): Promise<void> {
    await forgetRunning(files);
    await consent?.close();
    await host.close();
  }
  try {
    const certificate = host.certificatePem ?? '';
    await writePrivateFile(files.certificate, certificate);
    const clusterUrl = `https://localhost:${host.port}`;
    const secret = await keptFile(files.consentSecret, () => randomBytes(32).toString('base64url'));
    await setUpConsentClient({ clusterUrl, certificate, root, secret, logger });
    consent = await openConsentApp(ports.consent, clusterUrl, secret, files, logger);
    await writeRunning(files, {
      pid: process.pid,
      clusterUrl,
      consentUrl: consent.url,
      certificate: files.certificate,
      rootCredentials: files.rootCredentials,
    });
    call.terminal.stdout.write(
      guide({
        programName: call.terminal.programName,
        clusterUrl,
        consentUrl: consent.url,
        wardenTarget: `localhost:${ports.grpc}`,
        dataFolder: files.folder,
        certificate: files.certificate,
        root,
      }),
    );
  } catch (error) {
    await close();
    throw error;
  }
  return { ...(host.drain !== undefined ? { drain: host.drain } : {}), close };
}

async function keptSystemSecret(call: CommandCall, files: DataFiles): Promise<string> {
  return keptFile(files.systemSecret, () => {
    call.note(`Made a system secret in ${files.systemSecret}. Keep it: without it the data cannot be read.`);
    return generateSystemSecret(randomBytes);
  });
}

/** The credentials of the client that administers; those of the environment count at the first start only. */
async function keptRoot(files: DataFiles, env: NodeJS.ProcessEnv): Promise<RootCredentials> {
  const forced = env['FORCE_ROOT_CLIENT_CREDENTIALS'];
  if (forced) parseRootCredentials(forced);
  const made = forced || `admin:${randomBytes(24).toString('base64url')}`;
  return parseRootCredentials(await keptFile(files.rootCredentials, () => made));
}

async function setUpConsentClient(options: {
  readonly clusterUrl: string;
  readonly certificate: string;
  readonly root: RootCredentials;
  readonly secret: string;
  readonly logger: Logger;
}): Promise<void> {
  const { clusterUrl, root } = options;
  const api = createAdminApi({
    http: createHttpClient({ caPem: options.certificate }),
    config: { clusterUrl, adminUrl: clusterUrl, clientId: root.id, clientSecret: root.secret },
    programName: 'castellan',
    fakeTlsTermination: false,
  });
  try {
    await ensureConsentClient(api, options.secret);
  } catch (error) {
    // An operator may have removed the root client long ago; the consent app's own client is then there already.
    options.logger.warn(`The client of the consent app could not be looked after: ${errorText(error).split('\n')[0]}`);
  }
}

async function openConsentApp(
  port: number,
  clusterUrl: string,
  secret: string,
  files: DataFiles,
  logger: Logger,
): Promise<ConsentApp> {
  const config = {
    port,
    host: 'localhost',
    serverUrl: clusterUrl,
    adminUrl: clusterUrl,
    clientId: consentClientId,
    clientSecret: secret,
    caFile: files.certificate,
    readClients: false,
    trustedProxies: [],
  };
  return startConsentApp(config, { log: (level, message, fields) => logger[level](message, fields) }).catch(
    (error: unknown) => {
      throw new ConfigError(`The consent app cannot listen on port ${port} (CONSENT_PORT): ${errorText(error)}`);
    },
  );
}

function readPorts(env: NodeJS.ProcessEnv): Ports {
  const read = (name: string, standard: number): number => {
    const text = env[name] || String(standard);
    if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535)
      throw new ConfigError(`${name}: must be a port`);
    return Number(text);
  };
  return { public: read('PORT', 4444), consent: read('CONSENT_PORT', 9020), grpc: read('GRPC_PORT', 4452) };
}

/** The pages of the consent app, unless the shell names an app of its own: then nothing of ours is mixed in. */
function pagesOf(consentUrl: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (pageVariables.some((name) => env[name])) return {};
  return {
    LOGIN_URL: `${consentUrl}/login`,
    CONSENT_URL: `${consentUrl}/consent`,
    LOGOUT_URL: `${consentUrl}/logout`,
    ERROR_URL: `${consentUrl}/error`,
    POST_LOGOUT_REDIRECT_URL: `${consentUrl}/signed-out`,
  };
}

/** `start` always runs on its own database and certificate, whatever the shell has exported for another server. */
function withoutDatabases(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^((TOKEN|WARDEN|KEYS)_DATABASE_URL|DATABASE_PLUGIN|HTTPS_(TLS|ALLOW)_.*|DANGEROUS_FORCE_HTTP)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}
