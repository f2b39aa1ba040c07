import { readAdminConfig, type AdminConfig } from '@castellan/admin';
import { readGatewayConfig, type GatewayConfig } from '@castellan/gateway';
import { checkSystemSecrets, deriveServiceSecrets } from '@castellan/jwk';
import { readKeysConfig, type KeysConfig } from '@castellan/keys';
import { isPlaintextRemote, refusedDatabaseUrl, type Component } from '@castellan/postgres';
import {
  ConfigError,
  readAdmissionConfig,
  readBearerListen,
  readHttpConfig,
  readRpcConfig,
  type ConcurrencyLimits,
  type HttpConfig,
  type RpcModuleOptions,
} from '@castellan/service';
import { readTokenConfig, type TokenConfig } from '@castellan/token';
import { readWardenConfig, type WardenConfig } from '@castellan/warden';

/** Everything that `host` runs on, checked. */
export type HostConfig = {
  /** Public URL, without a trailing slash. */
  readonly issuer: string;
  readonly http: HttpConfig;
  /** Limits on what is under way at once; absent while they are off. */
  readonly admission?: ConcurrencyLimits;
  /** The Warden's gRPC door; absent while it is closed. */
  readonly grpc?: RpcModuleOptions;
  readonly databaseUrls: Readonly<Record<Component, string>>;
  readonly keys: KeysConfig;
  readonly warden: WardenConfig;
  readonly token: TokenConfig;
  readonly gateway: GatewayConfig;
  readonly admin: AdminConfig;
};

export type HostFlags = {
  readonly forceHttp: boolean;
  readonly grpcPlaintext: boolean;
  readonly programName: string;
};

const grpcVariables = ['GRPC_TLS_CERT_PATH', 'GRPC_TLS_KEY_PATH', 'GRPC_TLS_CA_PATH'];

/** Whether the environment asks for the embedded PostgreSQL. */
export function isEmbedded(env: NodeJS.ProcessEnv): boolean {
  return Object.values(readDatabaseUrls(env)).includes('embedded');
}

/** The environment with the URL of the started embedded server in the place of `embedded`. */
export function withEmbeddedUrl(env: NodeJS.ProcessEnv, url: string): NodeJS.ProcessEnv {
  const { token, warden, keys } = readDatabaseUrls(env);
  const real = (wanted: string): string => (wanted === 'embedded' ? url : wanted);
  return {
    ...env,
    DATABASE_URL: real(env['DATABASE_URL'] ?? ''),
    TOKEN_DATABASE_URL: real(token),
    WARDEN_DATABASE_URL: real(warden),
    KEYS_DATABASE_URL: real(keys),
  };
}

/**
 * Reads and checks the whole configuration; touches no database and opens no port. The services get the secrets derived from
 * SYSTEM_SECRET and nothing else of it. Throws ConfigError naming what cannot be used.
 */
export function readHostConfig(env: NodeJS.ProcessEnv, flags: HostFlags): HostConfig {
  refuseAbsentServices(env);
  const http = readHttpConfig(env, { defaultPort: 4444, forceHttp: flags.forceHttp });
  const issuer = readIssuer(env, http, flags);
  const systemSecret = readSystemSecret(env, flags.programName);
  const serviceEnv: NodeJS.ProcessEnv = {
    ...env,
    ISSUER: issuer,
    ACCESS_URL: env['ACCESS_URL'] || issuer,
    TOKEN_SECRET: deriveServiceSecrets(systemSecret, 'token'),
    WARDEN_SECRET: deriveServiceSecrets(systemSecret, 'warden'),
  };
  const grpc = readGrpcDoor(env, flags);
  const admission = readAdmissionConfig(env);
  return {
    issuer,
    http,
    ...(grpc !== undefined ? { grpc } : {}),
    ...(admission !== undefined ? { admission } : {}),
    databaseUrls: checkedDatabaseUrls(env),
    keys: readKeysConfig(serviceEnv),
    warden: readWardenConfig(serviceEnv),
    token: readTokenConfig(serviceEnv),
    gateway: readGatewayConfig(serviceEnv),
    admin: readAdminConfig(serviceEnv),
  };
}

function refuseAbsentServices(env: NodeJS.ProcessEnv): void {
  if (env['DATABASE_PLUGIN']) {
    throw new ConfigError('DATABASE_PLUGIN is not supported: set DATABASE_URL to postgres://... or to embedded');
  }
  if (Object.values(readDatabaseUrls(env)).includes('')) {
    throw new ConfigError(
      'DATABASE_URL is not set, use "export DATABASE_URL=embedded" for the PostgreSQL that ships with Castellan, or ' +
        'postgres://user:password@host:5432/database',
    );
  }
}

function readIssuer(env: NodeJS.ProcessEnv, http: HttpConfig, flags: HostFlags): string {
  const isPlain = http.transport?.kind === 'http';
  const scheme = isPlain ? 'http' : 'https';
  const issuer = (env['ISSUER'] || `${scheme}://localhost:${http.port}`).replace(/\/$/, '');
  if (!URL.canParse(issuer) || !/^https?:$/.test(new URL(issuer).protocol)) {
    throw new ConfigError('ISSUER: must be an absolute https URL');
  }
  if (/[?#]/.test(issuer)) throw new ConfigError('ISSUER: must have neither a query nor a fragment');
  if (new URL(issuer).protocol !== 'https:' && !isPlain) {
    throw new ConfigError(
      'Issuer must use HTTPS unless --dangerous-force-http is passed. To find out more, use ' +
        `\`${flags.programName} help host\`.`,
    );
  }
  return issuer;
}

function readSystemSecret(env: NodeJS.ProcessEnv, programName: string): string {
  const secret = env['SYSTEM_SECRET'] ?? '';
  if (secret === '') {
    throw new ConfigError(
      `SYSTEM_SECRET is not set. Make one with \`${programName} secrets generate\` (csk1_...) and keep it: the database ` +
        'can only be used with the secret it was first used with',
    );
  }
  const verdict = checkSystemSecrets(secret);
  if (!verdict.ok) throw new ConfigError(verdict.error);
  return secret;
}

/** The door is closed unless certificates are there or plaintext was asked for by name; that for access tokens has a port. */
function readGrpcDoor(env: NodeJS.ProcessEnv, flags: HostFlags): RpcModuleOptions | undefined {
  const isPlaintext = flags.grpcPlaintext || Boolean(env['GRPC_DANGEROUS_PLAINTEXT']);
  const isPeerDoor = isPlaintext || grpcVariables.some((name) => env[name]);
  if (!isPeerDoor) {
    const bearerListen = readBearerListen(env);
    return bearerListen === undefined ? undefined : { bearerListen };
  }
  const {
    targets: _inProcess,
    listen,
    ...rest
  } = readRpcConfig({ ...env, ...(flags.grpcPlaintext ? { GRPC_DANGEROUS_PLAINTEXT: '1' } : {}) }, 'warden');
  return { ...rest, listen: { port: 4452, ...listen, rooms: ['warden'] } };
}

function readDatabaseUrls(env: NodeJS.ProcessEnv): Record<Component, string> {
  const read = (component: string): string => env[`${component}_DATABASE_URL`] || env['DATABASE_URL'] || '';
  return { token: read('TOKEN'), warden: read('WARDEN'), keys: read('KEYS') };
}

function checkedDatabaseUrls(env: NodeJS.ProcessEnv): Record<Component, string> {
  const urls = readDatabaseUrls(env);
  for (const url of Object.values(urls)) {
    const refusal = refusedDatabaseUrl(url);
    if (refusal !== undefined) throw new ConfigError(refusal);
    if (env['CASTELLAN_ENV'] === 'production' && isPlaintextRemote(url)) {
      throw new ConfigError('DATABASE_URL: leaves this machine without TLS; use sslmode=verify-full in production');
    }
  }
  return urls;
}
