import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { ConfigError, addressListSchema, booleanSchema, portSchema, readConfig } from '../config.js';
import { readCorsConfig, type CorsOptions } from './cors.js';
import type { HttpTransport, TlsCertificate } from './transport.js';

export type HttpConfig = {
  /** All interfaces when absent. */
  readonly host?: string;
  readonly port: number;
  /** Undefined when nothing was said: `host` then takes the certificate of the key store. */
  readonly transport?: HttpTransport;
  readonly cors?: CorsOptions;
  readonly accessLog: boolean;
};

export type HttpConfigOptions = {
  readonly defaultPort: number;
  /** Variable that holds the port; `PORT` when absent. */
  readonly portVariable?: string;
  /** Variable that holds the address to listen on; `HOST` when absent. */
  readonly hostVariable?: string;
  /** The flag `--dangerous-force-http` was given. */
  readonly forceHttp?: boolean;
};

/** The variables of an HTTP edge beside its address and CORS. */
export const httpVariables = z.object({
  HTTPS_TLS_CERT_PATH: z.string().optional(),
  HTTPS_TLS_KEY_PATH: z.string().optional(),
  HTTPS_TLS_CERT: z.string().optional(),
  HTTPS_TLS_KEY: z.string().optional(),
  HTTPS_ALLOW_TERMINATION_FROM: addressListSchema.optional(),
  DANGEROUS_FORCE_HTTP: booleanSchema.default(false),
  LOG_REQUESTS: booleanSchema.default(true),
});

type HttpVariables = z.infer<typeof httpVariables>;

function readPem(variable: 'HTTPS_TLS_CERT' | 'HTTPS_TLS_KEY', variables: HttpVariables): string | undefined {
  const text = variables[variable];
  if (text !== undefined) return text.replaceAll('\\n', '\n');
  const path = variables[`${variable}_PATH`];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(`${variable}_PATH: the file cannot be read`);
  }
}

function readCertificate(variables: HttpVariables): TlsCertificate | undefined {
  const cert = readPem('HTTPS_TLS_CERT', variables);
  const key = readPem('HTTPS_TLS_KEY', variables);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const missing =
      cert === undefined ? 'HTTPS_TLS_CERT_PATH (or HTTPS_TLS_CERT)' : 'HTTPS_TLS_KEY_PATH (or HTTPS_TLS_KEY)';
    throw new ConfigError(`${missing}: a certificate and its key are given together`);
  }
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new ConfigError(
      'HTTPS_TLS_CERT and HTTPS_TLS_KEY (or their _PATH files) are no certificate with its key in PEM',
    );
  }
  return { cert, key };
}

function readTransport(variables: HttpVariables, forceHttp: boolean): HttpTransport | undefined {
  const proxies = variables.HTTPS_ALLOW_TERMINATION_FROM;
  if (forceHttp) return { kind: 'http', ...(proxies === undefined ? {} : { proxies }) };
  if (proxies !== undefined) return { kind: 'terminated', proxies };
  const certificate = readCertificate(variables);
  return certificate === undefined ? undefined : { kind: 'https', certificate };
}

/**
 * Reads where and how an HTTP edge listens.
 * @throws ConfigError naming every variable that cannot be used
 */
export function readHttpConfig(env: NodeJS.ProcessEnv, options: HttpConfigOptions): HttpConfig {
  const portVariable = options.portVariable ?? 'PORT';
  const hostVariable = options.hostVariable ?? 'HOST';
  const address = readConfig(
    z.object({ [portVariable]: portSchema.default(options.defaultPort), [hostVariable]: z.string().optional() }),
    env,
  ) as Readonly<Record<string, string | number | undefined>>;
  const variables = readConfig(httpVariables, env);
  const host = address[hostVariable];
  const transport = readTransport(variables, options.forceHttp === true || variables.DANGEROUS_FORCE_HTTP);
  const cors = readCorsConfig(env);
  return {
    port: Number(address[portVariable]),
    accessLog: variables.LOG_REQUESTS,
    ...(typeof host === 'string' ? { host } : {}),
    ...(transport === undefined ? {} : { transport }),
    ...(cors === undefined ? {} : { cors }),
  };
}

/**
 * The transport of a service that has no key store to take a certificate from.
 * @throws ConfigError that names the three ways to give one
 */
export function requireTransport(config: HttpConfig): HttpTransport {
  if (config.transport !== undefined) return config.transport;
  throw new ConfigError(
    'no TLS certificate: set HTTPS_TLS_CERT_PATH and HTTPS_TLS_KEY_PATH, or HTTPS_ALLOW_TERMINATION_FROM behind a ' +
      'proxy that ends https, or --dangerous-force-http for development',
  );
}
