import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {
  DEFAULT_SERVER_DEADLINE_MS,
  MAX_DEADLINE_MS,
  REQUEST_ID_METADATA,
  TRACEPARENT_METADATA,
  RpcError,
  clampDeadline,
  readRequestId,
  serviceRoomOf,
  toGrpcStatus,
  type CallContext,
} from '@castellan/rpc';
import { ConfigError } from '../config.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { isLoopbackHost } from './loopback.js';
import { addCallStreams } from './rpc-call-stream.js';
import { createHealthService } from './rpc-health.js';
import type { HostedService } from './rpc-host.js';
import { authenticatePeer } from './rpc-peer.js';
import { addReflection } from './rpc-reflection.js';
import { serveMethod } from './served-method.js';
import type { RpcListen, RpcSecurity } from './rpc.module.js';

const MIB = 1024 * 1024;
const SHUTDOWN_FUSE_MS = 5_000;

export type RpcServerOptions = {
  readonly listen: RpcListen;
  readonly security: RpcSecurity | undefined;
  readonly clientPeers: readonly string[];
  readonly reflection: boolean;
  readonly services: ReadonlyMap<string, HostedService>;
  readonly isReady: () => Promise<boolean>;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

export type RpcServer = {
  readonly port: number;
  /** Takes no new call, waits up to five seconds for running ones, then cuts them. */
  stop(): Promise<void>;
};

function toCredentials(security: RpcSecurity): ServerCredentials {
  if (security.kind === 'plaintext') return ServerCredentials.createInsecure();
  const pair = { cert_chain: Buffer.from(security.cert), private_key: Buffer.from(security.key) };
  return ServerCredentials.createSsl(Buffer.from(security.ca), [pair], true);
}

function requireSecurity(listen: RpcListen, security: RpcSecurity | undefined): RpcSecurity {
  if (security === undefined) {
    throw new ConfigError('a gRPC port needs GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH and GRPC_TLS_CA_PATH');
  }
  if (security.kind === 'plaintext' && !isLoopbackHost(listen.host ?? '')) {
    throw new ConfigError('plaintext gRPC is served on loopback only: set GRPC_HOST=127.0.0.1 or give certificates');
  }
  return security;
}

function deadlineOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = call.getDeadline();
  const asked = deadline instanceof Date ? deadline.getTime() : deadline;
  const now = Date.now();
  return Number.isFinite(asked)
    ? Math.min(asked, now + MAX_DEADLINE_MS)
    : now + clampDeadline(undefined, DEFAULT_SERVER_DEADLINE_MS);
}

function passBytes(bytes: Buffer): Buffer {
  return bytes;
}

function addHostedService(server: Server, service: HostedService, options: RpcServerOptions, security: RpcSecurity) {
  const definition: Record<string, unknown> = {};
  const implementation: UntypedServiceImplementation = {};

  for (const [name, method] of Object.entries(service.definition)) {
    const hosted = service.methods.get(name);
    if (hosted === undefined) continue;
    // Bytes come through unread: nothing is parsed for a caller that is not known.
    definition[name] = {
      ...method,
      requestSerialize: passBytes,
      requestDeserialize: passBytes,
      responseSerialize: passBytes,
      responseDeserialize: passBytes,
    };
    const serve = serveMethod(hosted, method, options);
    const answer = async (call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> => {
      const context: CallContext = {
        peer: authenticatePeer(call, security, options.clientPeers),
        deadline: deadlineOf(call),
        requestId: readRequestId(call.metadata.get(REQUEST_ID_METADATA)[0]),
      };
      return serve(call.request, context, call.metadata.get(TRACEPARENT_METADATA)[0]);
    };
    implementation[name] = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
      answer(call).then(
        (bytes) => callback(null, bytes),
        (thrown: unknown) => {
          const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
          callback({ code: toGrpcStatus(error.code), details: error.message, metadata: new Metadata() });
        },
      );
    };
  }
  server.addService(definition as unknown as ServiceDefinition, implementation);
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

async function bindListen(server: Server, listen: RpcListen, credentials: ServerCredentials): Promise<number> {
  const host = listen.host ?? '';
  try {
    if (host !== '')
      return await bind(server, `${host.includes(':') ? `[${host}]` : host}:${listen.port}`, credentials);
    // Both families where the machine has IPv6, else IPv4.
    return await bind(server, `[::]:${listen.port}`, credentials).catch(() =>
      bind(server, `0.0.0.0:${listen.port}`, credentials),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`cannot listen on gRPC port ${listen.port}: ${reason}`);
  }
}

/** Serves the hosted services over gRPC with health and, where on, reflection. Refuses what is not safe to serve. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { listen } = options;
  const security = requireSecurity(listen, options.security);
  const server = new Server({
    'grpc.max_receive_message_length': MIB,
    'grpc.max_send_message_length': 4 * MIB,
    'grpc.max_concurrent_streams': 256,
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 5_000,
  });
  const served = [...options.services.values()].filter(
    ({ definition }) => listen.rooms === undefined || listen.rooms.includes(serviceRoomOf(definition)),
  );
  for (const service of served) addHostedService(server, service, options, security);
  const streams = addCallStreams(server, served, {
    authenticate: (call) => authenticatePeer(call, security, options.clientPeers),
    logger: options.logger,
    metrics: options.metrics,
  });
  addHostedService(server, createHealthService(served, options.isReady), options, security);
  if (options.reflection)
    addReflection(server, served, (call) => authenticatePeer(call, security, options.clientPeers));

  const port = await bindListen(server, listen, toCredentials(security));
  options.logger.info(`Setting up grpc server on :${port}`);

  let stopped: Promise<void> | undefined;
  function stop(): Promise<void> {
    stopped ??= new Promise((resolve) => {
      const fuse = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, SHUTDOWN_FUSE_MS);
      streams.drain();
      server.tryShutdown(() => {
        clearTimeout(fuse);
        resolve();
      });
    });
    return stopped;
  }
  return { port, stop };
}
