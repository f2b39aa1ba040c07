import 'reflect-metadata';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { DiscoveryService, NestFactory } from '@nestjs/core';
import { DiscoveryModule } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Server as TlsServer } from 'node:tls';
import { AdmissionDoor, AdmissionModule } from '../admission/admission.module.js';
import type { ConcurrencyLimits } from '../admission/concurrency-limit.js';
import { ConfigError } from '../config.js';
import type { Logger } from '../logger.js';
import { createMetrics, type Metrics } from '../metrics.js';
import { createNestLogger } from '../nest-logger.js';
import { ServiceModule } from '../service.module.js';
import type { CorsOptions } from './cors.js';
import { HttpErrorFilter } from './error-filter.js';
import { createFastifyServer, tlsOptions } from './fastify-server.js';
import { createLeaveTaking } from './leave-taking.js';
import type { HttpTransport, TlsCertificate } from './transport.js';

export type HttpAppOptions = {
  /** Modules of the process; `ServiceModule` is added here. */
  readonly modules: readonly (Type | DynamicModule)[];
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly transport: HttpTransport;
  readonly cors?: CorsOptions;
  /** One line per answer; on when absent. */
  readonly accessLog?: boolean;
  /** How much may be under way at once, at all doors of the process; no limit when absent. */
  readonly admission?: ConcurrencyLimits;
};

/** A Nest application on Fastify, made but not yet listening. */
export type HttpApp = {
  readonly app: NestFastifyApplication;
  /** Sets or renews the certificate of an https app. */
  setCertificate(certificate: TlsCertificate): void;
  /** Listens and answers the port, which the system chooses for 0. */
  listen(options: { readonly host?: string; readonly port: number }): Promise<number>;
  /** From now on every answer asks its client to leave the connection, so that the next request goes elsewhere. */
  drain(): void;
  /** Drains, then takes no new connection, waits for running requests (at most 12 s), and closes the application. */
  close(): Promise<void>;
};

@Module({})
class HttpRootModule {}

async function listenOn(app: NestFastifyApplication, port: number, host: string | undefined): Promise<void> {
  try {
    await app.listen(port, host ?? '::').catch((error: unknown) => {
      // A machine without IPv6.
      if (host === undefined && error instanceof Error && 'code' in error && error.code === 'EAFNOSUPPORT') {
        return app.listen(port, '0.0.0.0');
      }
      throw error;
    });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new ConfigError(`cannot listen on port ${port}: ${reason === 'EADDRINUSE' ? 'it is in use' : reason}`);
  }
}

/**
 * Makes the HTTP application of the given modules with this house's parsers, limits, headers and error form. Routes
 * may also be added to `app.getHttpAdapter().getInstance()` before it listens.
 */
export async function createHttpApp(options: HttpAppOptions): Promise<HttpApp> {
  const { logger, transport } = options;
  const metrics = options.metrics ?? createMetrics();
  const leave = createLeaveTaking();
  let door: AdmissionDoor | undefined;
  const { server, routes } = createFastifyServer({
    leave,
    transport,
    logger,
    metrics,
    cors: options.cors,
    accessLog: options.accessLog ?? true,
    admission: () => door,
  });
  const root: DynamicModule = {
    module: HttpRootModule,
    imports: [
      DiscoveryModule,
      ServiceModule.forRoot({ logger, metrics }),
      AdmissionModule.forRoot({ limits: options.admission, logger, metrics }),
      ...options.modules,
    ],
  };
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(server as never), {
    logger: createNestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalFilters(
    new HttpErrorFilter({ discovery: app.get(DiscoveryService, { strict: false }), logger, metrics, routes }),
  );

  if (options.admission !== undefined) door = app.get(AdmissionDoor, { strict: false });
  leave.watch(app.getHttpServer());

  let hasCertificate = transport.kind !== 'https' || transport.certificate !== undefined;
  return {
    app,
    setCertificate(certificate) {
      const raw: unknown = app.getHttpServer();
      if (!(raw instanceof TlsServer)) throw new ConfigError('a certificate is of no use without https');
      raw.setSecureContext(tlsOptions(certificate));
      hasCertificate = true;
    },
    async listen({ host, port }) {
      if (!hasCertificate) throw new ConfigError('https needs a certificate');
      await listenOn(app, port, host);
      const address: unknown = app.getHttpServer().address();
      const bound = typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : port;
      logger.info(`Setting up http server on :${bound}`);
      return bound;
    },
    drain: () => leave.begin(),
    async close() {
      await leave.finish(app.getHttpServer());
      await app.close();
    },
  };
}
