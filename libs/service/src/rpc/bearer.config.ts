import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { ConfigError, portSchema, readConfig } from '../config.js';
import type { BearerListen } from './rpc.module.js';

/** The variables of the Warden's port for programs that show an access token. */
export const bearerVariables = {
  WARDEN_PUBLIC_GRPC_PORT: portSchema.optional(),
  WARDEN_PUBLIC_GRPC_HOST: z.string().optional(),
  WARDEN_PUBLIC_GRPC_TLS_CERT_PATH: z.string().optional(),
  WARDEN_PUBLIC_GRPC_TLS_KEY_PATH: z.string().optional(),
};

const variables = z.object({
  ...bearerVariables,
  GRPC_TLS_CERT_PATH: z.string().optional(),
  GRPC_TLS_KEY_PATH: z.string().optional(),
});

/**
 * Reads where access tokens are taken; undefined without WARDEN_PUBLIC_GRPC_PORT. Without a certificate of its own the port
 * shows that of the internal one. A token never travels without TLS, not even on loopback.
 * @throws ConfigError for a bad variable, a certificate without its key, or none
 */
export function readBearerListen(env: NodeJS.ProcessEnv): BearerListen | undefined {
  const values = readConfig(variables, env);
  const { WARDEN_PUBLIC_GRPC_PORT: port, WARDEN_PUBLIC_GRPC_HOST: host } = values;
  const { WARDEN_PUBLIC_GRPC_TLS_CERT_PATH: cert, WARDEN_PUBLIC_GRPC_TLS_KEY_PATH: key } = values;
  if (port === undefined) {
    const set = Object.keys(bearerVariables).find((name) => env[name]);
    if (set !== undefined) throw new ConfigError(`${set}: needs WARDEN_PUBLIC_GRPC_PORT`);
    return undefined;
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError(
      'WARDEN_PUBLIC_GRPC_TLS_CERT_PATH and WARDEN_PUBLIC_GRPC_TLS_KEY_PATH: a certificate and its key are given together',
    );
  }
  const pair =
    cert === undefined || key === undefined
      ? readPair(values.GRPC_TLS_CERT_PATH, values.GRPC_TLS_KEY_PATH)
      : readPair(cert, key);
  return { port, rooms: ['warden'], ...(host === undefined ? {} : { host }), ...pair };
}

function readPair(certPath: string | undefined, keyPath: string | undefined): Pick<BearerListen, 'cert' | 'key'> {
  if (certPath === undefined || keyPath === undefined) {
    throw new ConfigError(
      'WARDEN_PUBLIC_GRPC_PORT needs WARDEN_PUBLIC_GRPC_TLS_CERT_PATH and WARDEN_PUBLIC_GRPC_TLS_KEY_PATH',
    );
  }
  try {
    const pair = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
    createSecureContext(pair);
    return pair;
  } catch {
    throw new ConfigError(
      'WARDEN_PUBLIC_GRPC_TLS_*: the files cannot be read, or are no certificate with its key in PEM',
    );
  }
}
