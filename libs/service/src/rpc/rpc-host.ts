import {
  DEFAULT_CALL_DEADLINE_MS,
  RpcError,
  clampDeadline,
  createRpcChannelClient,
  isUnary,
  newRequestId,
  openRpcChannel,
  serviceNameOf,
  serviceRoomOf,
  type CallContext,
  type CallOptions,
  type PeerName,
  type RpcChannel,
  type RpcClient,
  type RpcDefinition,
  type RpcMethod,
} from '@castellan/rpc';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { DiscoveryService, ExternalContextCreator } from '@nestjs/core';
import type { AdmissionDoor } from '../admission/admission.module.js';
import { ConfigError } from '../config.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Readiness } from '../readiness.js';
import { currentTrace, formatTraceparent } from '../tracing/trace-context.js';
import { activeTracer } from '../tracing/tracing.js';
import { RPC_SERVICE, type RpcServiceMetadata } from './rpc-metadata.js';
import { invokeMethod, type HostedMethod } from './rpc-invocation.js';
import type { RpcModuleOptions } from './rpc.module.js';
import { openBearerDoor, openPeerDoor, type RpcDoor } from './rpc-door.js';
import { startRpcServer, type RpcServer } from './rpc-server.js';

/** A service that a provider of this process serves. */
export type HostedService = {
  readonly definition: RpcDefinition;
  readonly methods: ReadonlyMap<string, HostedMethod>;
};

type Call = (request: unknown, options?: CallOptions) => Promise<unknown>;

export type RpcHostDependencies = {
  readonly options: RpcModuleOptions;
  readonly discovery: DiscoveryService;
  readonly contexts: ExternalContextCreator;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly readiness: Readiness | undefined;
  readonly admission: AdmissionDoor | undefined;
};

function roundTrip(serialize: (value: never) => Buffer, deserialize: (bytes: Buffer) => unknown, value: unknown) {
  return deserialize(serialize(value as never));
}

/** Tells the called service where in a trace we are, while we keep traces. */
function withTrace(options: CallOptions | undefined): CallOptions | undefined {
  const trace = activeTracer() === undefined ? undefined : currentTrace();
  return trace === undefined ? options : { ...options, traceparent: formatTraceparent(trace) };
}

/**
 * Knows the services of this process and the way to the others. A client finds its service here when a provider of
 * this process hosts it, else over a channel; the server of the gRPC port serves what is hosted here.
 */
export class RpcHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private hosted: ReadonlyMap<string, HostedService> | undefined;
  private readonly channels = new Map<string, RpcChannel>();
  private readonly clients = new Map<string, RpcDefinition>();
  private server: RpcServer | undefined;
  private bearerServer: RpcServer | undefined;

  constructor(private readonly dependencies: RpcHostDependencies) {}

  /** A client that finds the service at its first call. */
  createClient<S extends RpcDefinition>(definition: S, caller: PeerName): RpcClient<S> {
    this.clients.set(serviceNameOf(definition), definition);
    const client: Record<string, Call> = {};
    const room = serviceRoomOf(definition);
    for (const [name, method] of Object.entries(definition)) {
      if (!isUnary(method)) continue;
      let call: Call | undefined;
      client[name] = (request, options) => {
        try {
          call ??= this.resolveCall(definition, name, method, caller);
        } catch (error) {
          return Promise.reject(error);
        }
        return this.countUnanswered(call(request, withTrace(options)), room);
      };
    }
    return Object.freeze(client) as unknown as RpcClient<S>;
  }

  /** Services that providers of this process serve, by full name. */
  services(): ReadonlyMap<string, HostedService> {
    this.hosted ??= this.discoverServices();
    return this.hosted;
  }

  /** Port of the gRPC server, once it listens. */
  get port(): number | undefined {
    return this.server?.port;
  }

  /** Port of the gRPC server for access tokens, once it listens. */
  get bearerPort(): number | undefined {
    return this.bearerServer?.port;
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const definition of this.clients.values()) {
      if (!this.services().has(serviceNameOf(definition))) this.targetOf(definition);
    }
    const { options } = this.dependencies;
    if (options.listen !== undefined) {
      this.server = await this.serve(openPeerDoor(options.listen, options.security, options.clientPeers ?? []));
    }
    if (options.bearerListen !== undefined) {
      this.bearerServer = await this.serve(openBearerDoor(options.bearerListen));
    }
  }

  /** Stops taking calls, lets running ones end (five seconds), closes channels. */
  async stop(): Promise<void> {
    await Promise.all([this.server?.stop(), this.bearerServer?.stop()]);
    for (const channel of this.channels.values()) channel.close();
    this.channels.clear();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  private serve(door: RpcDoor): Promise<RpcServer> {
    const { options, logger, metrics, readiness, admission } = this.dependencies;
    return startRpcServer({
      door,
      reflection: options.reflection ?? true,
      services: this.services(),
      isReady: async () => (readiness === undefined ? true : (await readiness.report()).ready),
      logger,
      metrics,
      admission,
    });
  }

  /** A call that got no answer is refused by whoever made it: nothing is allowed for want of one. */
  private countUnanswered(call: Promise<unknown>, room: string): Promise<unknown> {
    return call.catch((error: unknown) => {
      if (error instanceof RpcError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED')) {
        this.dependencies.metrics.countFailClosed(room);
      }
      throw error;
    });
  }

  private resolveCall(definition: RpcDefinition, name: string, method: RpcMethod, caller: PeerName): Call {
    const hosted = this.services().get(serviceNameOf(definition))?.methods.get(name);
    if (hosted !== undefined) return this.callInProcess(hosted, method, caller);
    const remote = createRpcChannelClient({ [name]: method }, this.openChannel(definition, caller))[name];
    if (remote === undefined) throw new RpcError('UNIMPLEMENTED', `${method.path} is unknown`);
    return remote;
  }

  private callInProcess(hosted: HostedMethod, method: RpcMethod, peer: PeerName): Call {
    const codec = this.dependencies.options.inProcessCodec === true;
    return async (request, options) => {
      const context: CallContext = {
        peer,
        deadline: Date.now() + clampDeadline(options?.deadlineMs, DEFAULT_CALL_DEADLINE_MS),
        requestId: options?.requestId ?? newRequestId(),
      };
      if (!codec) return invokeMethod(hosted, request, context, this.dependencies);
      const sent = roundTrip(method.requestSerialize, method.requestDeserialize, request);
      const answer = await invokeMethod(hosted, sent, context, this.dependencies);
      return roundTrip(method.responseSerialize, method.responseDeserialize, answer);
    };
  }

  private targetOf(definition: RpcDefinition): string {
    const room = serviceRoomOf(definition);
    const target = new Map(Object.entries(this.dependencies.options.targets ?? {})).get(room);
    if (target === undefined) {
      throw new ConfigError(`no address for ${serviceNameOf(definition)}: set ${room.toUpperCase()}_GRPC`);
    }
    return target;
  }

  private openChannel(definition: RpcDefinition, caller: PeerName): RpcChannel {
    const target = this.targetOf(definition);
    const open = this.channels.get(`${caller} ${target}`);
    if (open !== undefined) return open;
    const { security } = this.dependencies.options;
    if (security === undefined) throw new ConfigError('rpcs to other processes need certificates');
    const channel = openRpcChannel({
      target,
      transport: this.dependencies.options.transport ?? 'stream',
      security:
        security.kind === 'plaintext'
          ? { kind: 'plaintext', peer: caller }
          : { ...security, expectedServer: serviceRoomOf(definition) },
    });
    this.channels.set(`${caller} ${target}`, channel);
    return channel;
  }

  private discoverServices(): ReadonlyMap<string, HostedService> {
    const services = new Map<string, HostedService>();
    const hosts = new Set(this.dependencies.discovery.getProviders().map((wrapper): unknown => wrapper.instance));
    for (const instance of hosts) {
      if (typeof instance !== 'object' || instance === null) continue;
      const metadata = Reflect.getMetadata(RPC_SERVICE, instance.constructor) as RpcServiceMetadata | undefined;
      if (metadata === undefined) continue;
      const name = serviceNameOf(metadata.definition);
      if (services.has(name)) throw new ConfigError(`${name} is hosted twice in one process`);
      services.set(name, { definition: metadata.definition, methods: this.wrapMethods(instance, metadata) });
    }
    return services;
  }

  private wrapMethods(instance: object, metadata: RpcServiceMetadata): ReadonlyMap<string, HostedMethod> {
    const methods = new Map<string, HostedMethod>();
    for (const [name, method] of Object.entries(metadata.definition)) {
      const handler: unknown = Reflect.get(instance, name);
      if (typeof handler !== 'function') throw new ConfigError(`${method.path} has no handler`);
      // Guards and interceptors apply; filters would log every answer as an error, and errors have their own mapping.
      const handle = this.dependencies.contexts.create(
        instance,
        handler as (...args: unknown[]) => unknown,
        name,
        undefined,
        undefined,
        undefined,
        undefined,
        { guards: true, interceptors: true, filters: false },
        'rpc',
      );
      const stream = metadata.streams[name];
      methods.set(name, {
        name: method.path.slice(1),
        peers: metadata.peers[name] ?? [],
        handle,
        ...(stream === undefined ? {} : { stream }),
      });
    }
    return methods;
  }
}
