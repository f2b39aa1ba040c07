import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { PeerName } from '@castellan/rpc';
import { ConfigError, booleanSchema, commaListSchema, portSchema, readConfig } from '../config.js';
import { bearerVariables, readBearerListen } from './bearer.config.js';
import { hostOfTarget, isLoopbackHost } from './loopback.js';
import type { RpcModuleOptions, RpcSecurity } from './rpc.module.js';

const GRPC_PORTS: Readonly<Partial<Record<PeerName, number>>> = { token: 4451, warden: 4452, keys: 4453 };

/** The variables of gRPC, in both directions. */
export const rpcVariables = z.object({
  TOKEN_GRPC: z.string().default('localhost:4451'),
  WARDEN_GRPC: z.string().default('localhost:4452'),
  KEYS_GRPC: z.string().default('localhost:4453'),
  GRPC_HOST: z.string().optional(),
  GRPC_PORT: portSchema.optional(),
  GRPC_TLS_CERT_PATH: z.string().optional(),
  GRPC_TLS_KEY_PATH: z.string().optional(),
  GRPC_TLS_CA_PATH: z.string().optional(),
  GRPC_DANGEROUS_PLAINTEXT: booleanSchema.default(false),
  GRPC_REFLECTION: booleanSchema.optional(),
  GRPC_TRANSPORT: z.enum(['stream', 'unary']).default('stream'),
  WARDEN_CALLERS: commaListSchema.default([]),
  ...bearerVariables,
  CASTELLAN_ENV: z.string().optional(),
});

type RpcVariables = z.infer<typeof rpcVariables>;

function readPem(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new ConfigError(`${variable}: the file cannot be read`);
  }
}

function readSecurity(variables: RpcVariables): RpcSecurity {
  const { GRPC_TLS_CERT_PATH: cert, GRPC_TLS_KEY_PATH: key, GRPC_TLS_CA_PATH: ca } = variables;
  if (variables.GRPC_DANGEROUS_PLAINTEXT) return { kind: 'plaintext', dangerousPlaintext: true };
  if (cert === undefined || key === undefined || ca === undefined) {
    throw new ConfigError(
      'gRPC needs GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH and GRPC_TLS_CA_PATH (`castellan certs dev` makes them), ' +
        'or GRPC_DANGEROUS_PLAINTEXT=1 on loopback',
    );
  }
  const pems = {
    cert: readPem('GRPC_TLS_CERT_PATH', cert),
    key: readPem('GRPC_TLS_KEY_PATH', key),
    ca: readPem('GRPC_TLS_CA_PATH', ca),
  };
  try {
    createSecureContext(pems);
  } catch {
    throw new ConfigError(
      'GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH and GRPC_TLS_CA_PATH are no certificates with their key in PEM',
    );
  }
  return { kind: 'tls', ...pems };
}

/**
 * Reads how service `name` speaks and (token, warden, keys) serves gRPC.
 * @throws ConfigError for a bad variable, missing certificates, or plaintext beyond loopback
 */
export function readRpcConfig(env: NodeJS.ProcessEnv, name: PeerName): RpcModuleOptions {
  const variables = readConfig(rpcVariables, env);
  const security = readSecurity(variables);
  const targets = { token: variables.TOKEN_GRPC, warden: variables.WARDEN_GRPC, keys: variables.KEYS_GRPC };
  const defaultPort = GRPC_PORTS[name];
  const plaintext = security.kind === 'plaintext';
  const host = variables.GRPC_HOST ?? (plaintext ? '127.0.0.1' : undefined);
  const bearerListen = name === 'warden' ? readBearerListen(env) : undefined;
  const exposed = [host, ...Object.values(targets).map(hostOfTarget)].filter(
    (candidate) => candidate !== undefined && !isLoopbackHost(candidate),
  );
  if (plaintext && exposed.length > 0) {
    throw new ConfigError(`GRPC_DANGEROUS_PLAINTEXT: plaintext gRPC stays on loopback, not ${exposed.join(', ')}`);
  }
  return {
    targets,
    security,
    transport: variables.GRPC_TRANSPORT,
    clientPeers: variables.WARDEN_CALLERS,
    reflection: variables.GRPC_REFLECTION ?? variables.CASTELLAN_ENV !== 'production',
    ...(bearerListen === undefined ? {} : { bearerListen }),
    ...(defaultPort === undefined
      ? {}
      : { listen: { port: variables.GRPC_PORT ?? defaultPort, ...(host === undefined ? {} : { host }) } }),
  };
}
