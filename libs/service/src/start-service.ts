import 'reflect-metadata';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { StatedPeerName } from '@castellan/rpc';
import { readAdmissionConfig } from './admission/admission.config.js';
import { AdmissionModule } from './admission/admission.module.js';
import { readConfig } from './config.js';
import { readEnvironment } from './environment/environment.js';
import { httpServiceVariables, serviceVariables, type Variables } from './environment/program-variables.js';
import { createHttpApp } from './http/http-app.js';
import { readHttpConfig, requireTransport, type HttpConfigOptions } from './http/http.config.js';
import { createNestLogger } from './nest-logger.js';
import { operationsVariables } from './operations.config.js';
import { startOperations, type Operations } from './operations.js';
import { readProcessFlags } from './process-flags.js';
import { Readiness } from './readiness.js';
import { readRpcConfig } from './rpc/rpc.config.js';
import { RpcHost } from './rpc/rpc-host.js';
import { RpcModule, type RpcModuleOptions } from './rpc/rpc.module.js';
import { runService, type RunningService } from './run-service.js';
import { ServiceModule } from './service.module.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

const OPERATIONS_PORTS: Readonly<Record<StatedPeerName, number>> = {
  token: 4461,
  warden: 4462,
  keys: 4463,
  gateway: 4464,
  admin: 4466,
  client: 0,
};

export type ServiceOptions = {
  readonly name: StatedPeerName;
  /** The app's own variables; a name that is none of them or of this kit, but nearly so, stops the start. */
  readonly variables: Variables;
  /** Reads the app's own configuration and answers its module; a `ConfigError` stops the start with one line. */
  readonly module: (env: NodeJS.ProcessEnv) => Type | DynamicModule | Promise<Type | DynamicModule>;
  /** Command line flags; those of the process when absent. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
};

export type HttpServiceOptions = ServiceOptions & { readonly http: Omit<HttpConfigOptions, 'forceHttp'> };

@Module({})
class ServiceRootModule {}

type StartContext = { readonly env: NodeJS.ProcessEnv; readonly logger: Logger; readonly metrics: Metrics };

async function openOperations(name: StatedPeerName, context: StartContext, readiness: Readiness): Promise<Operations> {
  const { OPS_HOST: host, OPS_PORT: port } = readConfig(operationsVariables, context.env);
  const operations = await startOperations({
    port: port ?? OPERATIONS_PORTS[name],
    metrics: context.metrics,
    readiness,
    ...(host === undefined ? {} : { host }),
  });
  context.logger.info(`Setting up operations server on :${operations.port}`);
  return operations;
}

async function startRpcService(options: ServiceOptions, context: StartContext): Promise<RunningService> {
  const { env, logger, metrics } = context;
  const rpc: RpcModuleOptions = readRpcConfig(env, options.name);
  const root: DynamicModule = {
    module: ServiceRootModule,
    imports: [
      ServiceModule.forRoot({ logger, metrics }),
      AdmissionModule.forRoot({ limits: readAdmissionConfig(env), logger, metrics }),
      RpcModule.forRoot(rpc),
      await options.module(env),
    ],
  };
  const app = await NestFactory.createApplicationContext(root, {
    logger: createNestLogger(logger),
    abortOnError: false,
  });
  const readiness = app.get(Readiness);
  const operations = await openOperations(options.name, context, readiness);
  return {
    drain: () => readiness.drain(),
    async close() {
      await app.get(RpcHost).stop();
      await app.close();
      await operations.close();
    },
  };
}

async function startHttp(options: HttpServiceOptions, context: StartContext): Promise<RunningService> {
  const { env, logger, metrics } = context;
  const config = readHttpConfig(env, options.http);
  const transport = requireTransport(config);
  const { listen: _none, ...rpc } = readRpcConfig(env, options.name);
  const admission = readAdmissionConfig(env);
  const http = await createHttpApp({
    modules: [RpcModule.forRoot(rpc), await options.module(env)],
    logger,
    metrics,
    transport,
    accessLog: config.accessLog,
    ...(admission === undefined ? {} : { admission }),
    ...(config.cors === undefined ? {} : { cors: config.cors }),
  });
  const readiness = http.app.get(Readiness);
  const operations = await openOperations(options.name, context, readiness);
  await http.listen({ port: config.port, ...(config.host === undefined ? {} : { host: config.host }) });
  return {
    drain() {
      readiness.drain();
      http.drain();
    },
    async close() {
      await http.close();
      await operations.close();
    },
  };
}

/** What `runService` needs of a service: its environment, of file, flags and variables, and its name in traces. */
function runOptions(options: ServiceOptions, variables: Variables) {
  const env = options.env ?? process.env;
  return {
    env,
    name: options.name,
    readEnvironment: () =>
      readEnvironment({ ...env, ...readProcessFlags(options.flags ?? process.argv.slice(2)) }, variables),
  };
}

/**
 * Main of a gRPC service: configuration, module, gRPC port, operations port, signals. Never rejects: a start that
 * fails is one line on standard error and exit 1.
 */
export async function startService(options: ServiceOptions): Promise<void> {
  await runService({
    ...runOptions(options, serviceVariables(options.variables)),
    start: (context) => startRpcService(options, context),
  });
}

/** Main of an HTTP service: the same with a Fastify application instead of a gRPC port. */
export async function startHttpService(options: HttpServiceOptions): Promise<void> {
  await runService({
    ...runOptions(options, httpServiceVariables(options.variables, options.http)),
    start: (context) => startHttp(options, context),
  });
}
