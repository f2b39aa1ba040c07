import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type handleUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {
  DEFAULT_SERVER_DEADLINE_MS,
  MAX_DEADLINE_MS,
  REQUEST_ID_METADATA,
  TRACEPARENT_METADATA,
  RpcError,
  clampDeadline,
  isUnary,
  readRequestId,
  serviceRoomOf,
  toGrpcStatus,
  type CallContext,
  type RpcMethod,
} from '@castellan/rpc';
import type { AdmissionDoor } from '../admission/admission.module.js';
import { ConfigError } from '../config.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { addCallStreams, type CallStreams } from './rpc-call-stream.js';
import type { RpcDoor } from './rpc-door.js';
import { createHealthService } from './rpc-health.js';
import type { HostedService } from './rpc-host.js';
import { requirePeer, type HostedMethod } from './rpc-invocation.js';
import { failStream, serveMessages, type MessageStream, type ServedMessages } from './rpc-message-stream.js';
import { addReflection } from './rpc-reflection.js';
import type { RpcListen } from './rpc.module.js';
import { serveMethod } from './served-method.js';

const MIB = 1024 * 1024;
const SHUTDOWN_FUSE_MS = 5_000;

export type RpcServerOptions = {
  readonly door: RpcDoor;
  readonly reflection: boolean;
  readonly services: ReadonlyMap<string, HostedService>;
  readonly isReady: () => Promise<boolean>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly admission: AdmissionDoor | undefined;
};

export type RpcServer = {
  readonly port: number;
  /** Takes no new call, waits up to five seconds for running ones, then cuts them. */
  stop(): Promise<void>;
};

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

/** The open streams of messages of a server, as what asks their callers to leave. */
type Leaves = Set<() => void>;

function addHostedService(server: Server, service: HostedService, options: RpcServerOptions, leaves: Leaves): void {
  const definition: Record<string, unknown> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(service.definition)) {
    const hosted = service.methods.get(name);
    if (hosted === undefined || !options.door.serves(hosted)) continue;
    // Bytes come through unread: nothing is parsed for a caller that is not known.
    if (isUnary(method)) {
      definition[name] = { ...method, ...unread, responseSerialize: passBytes, responseDeserialize: passBytes };
      implementation[name] = serveUnary(hosted, method, options);
    } else if (hosted.stream !== undefined) {
      definition[name] = { ...method, ...unread };
      implementation[name] = serveStream({ hosted, method, rule: hosted.stream }, options, leaves);
    }
  }
  // The server of grpc-js takes no service without rpcs.
  if (Object.keys(definition).length > 0) {
    server.addService(definition as unknown as ServiceDefinition, implementation);
  }
}

const unread = { requestSerialize: passBytes, requestDeserialize: passBytes };

function serveUnary(
  hosted: HostedMethod,
  method: RpcMethod,
  options: RpcServerOptions,
): handleUnaryCall<Buffer, Buffer> {
  const serve = serveMethod(hosted, method, options);
  const answer = async (call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> => {
    const context: CallContext = {
      ...options.door.authenticate(call),
      deadline: deadlineOf(call),
      requestId: readRequestId(call.metadata.get(REQUEST_ID_METADATA)[0]),
    };
    return serve(call.request, context, call.metadata.get(TRACEPARENT_METADATA)[0]);
  };
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
    answer(call).then(
      (bytes) => callback(null, bytes),
      (thrown: unknown) => {
        const error = thrown instanceof RpcError ? thrown : new RpcError('INTERNAL', 'internal error');
        callback({ code: toGrpcStatus(error.code), details: error.message, metadata: new Metadata() });
      },
    );
  };
}

function serveStream(served: ServedMessages, options: RpcServerOptions, leaves: Leaves): (call: MessageStream) => void {
  return (call) => {
    try {
      const caller = options.door.authenticate(call);
      requirePeer(served.hosted, caller.peer);
      const leave = serveMessages(call, served, caller, options);
      leaves.add(leave);
      for (const end of ['close', 'cancelled', 'error']) call.once(end, () => leaves.delete(leave));
    } catch (thrown) {
      failStream(call, thrown);
    }
  };
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

/** What peers with certificates get beside the services: the stream of our own calls, health, and reflection where it is on. */
function addInternalServices(
  server: Server,
  served: readonly HostedService[],
  options: RpcServerOptions,
  leaves: Leaves,
): CallStreams {
  const { authenticate } = options.door;
  const { logger, metrics, admission } = options;
  const streams = addCallStreams(server, served, { authenticate, logger, metrics, admission });
  addHostedService(server, createHealthService(served, options.isReady), options, leaves);
  if (options.reflection) addReflection(server, served, authenticate);
  return streams;
}

/** Serves the hosted services over gRPC with health and, where on, reflection. Refuses what is not safe to serve. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { door } = options;
  const { listen } = door;
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
  const leaves: Leaves = new Set();
  for (const service of served) addHostedService(server, service, options, leaves);
  const streams = door.isInternal ? addInternalServices(server, served, options, leaves) : undefined;
  const port = await bindListen(server, listen, door.credentials);
  options.logger.info(`Setting up grpc server ${door.isInternal ? '' : 'for access tokens '}on :${port}`);

  let stopped: Promise<void> | undefined;
  function stop(): Promise<void> {
    stopped ??= new Promise((resolve) => {
      const fuse = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, SHUTDOWN_FUSE_MS);
      streams?.drain();
      for (const leave of leaves) leave();
      server.tryShutdown(() => {
        clearTimeout(fuse);
        resolve();
      });
    });
    return stopped;
  }
  return { port, stop };
}
