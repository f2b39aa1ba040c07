import type { RpcTransport } from '@castellan/rpc';
import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, ExternalContextCreator } from '@nestjs/core';
import { AdmissionDoor } from '../admission/admission.module.js';
import { LOGGER, createSilentLogger, type Logger } from '../logger.js';
import { METRICS, createMetrics, type Metrics } from '../metrics.js';
import { Readiness } from '../readiness.js';
import { RpcHost } from './rpc-host.js';

/** Certificates as PEM texts, or none. */
export type RpcSecurity =
  | {
      readonly kind: 'tls';
      readonly ca: string | Buffer;
      readonly cert: string | Buffer;
      readonly key: string | Buffer;
    }
  /** Peers state their own name; the server then listens on loopback only. */
  | { readonly kind: 'plaintext'; readonly dangerousPlaintext: true };

/** Where the gRPC server listens. */
export type RpcListen = {
  /** All interfaces when absent. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Rooms whose services this port serves (`['warden']`); all that are hosted when absent. */
  readonly rooms?: readonly string[];
};

/** Where programs with access tokens are served, over TLS with our certificate alone. */
export type BearerListen = RpcListen & { readonly cert: string | Buffer; readonly key: string | Buffer };

export type RpcModuleOptions = {
  /** Addresses of services in other processes by room. */
  readonly targets?: { readonly token?: string; readonly warden?: string; readonly keys?: string };
  readonly listen?: RpcListen;
  /** A second port, for programs that show access tokens. */
  readonly bearerListen?: BearerListen;
  /** Needed as soon as anything leaves or enters this process. */
  readonly security?: RpcSecurity;
  /** URI names of certificates of other programs, which are the peer `client`. */
  readonly clientPeers?: readonly string[];
  /** Server reflection; on when absent. */
  readonly reflection?: boolean;
  /** How calls to other processes travel; as a stream when absent. */
  readonly transport?: RpcTransport;
  /** For tests: calls in process go through the codec, so that values that do not survive the wire show. */
  readonly inProcessCodec?: boolean;
};

/** Binds typed clients and hosted services, in process or over gRPC. Import once per process. */
@Module({})
export class RpcModule {
  static forRoot(options: RpcModuleOptions): DynamicModule {
    return {
      module: RpcModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        {
          provide: RpcHost,
          inject: [
            DiscoveryService,
            ExternalContextCreator,
            { token: LOGGER, optional: true },
            { token: METRICS, optional: true },
            { token: Readiness, optional: true },
            { token: AdmissionDoor, optional: true },
          ],
          useFactory: (
            discovery: DiscoveryService,
            contexts: ExternalContextCreator,
            logger: Logger | undefined,
            metrics: Metrics | undefined,
            readiness: Readiness | undefined,
            admission: AdmissionDoor | undefined,
          ) =>
            new RpcHost({
              options,
              discovery,
              contexts,
              logger: logger ?? createSilentLogger(),
              metrics: metrics ?? createMetrics(),
              readiness,
              admission,
            }),
        },
      ],
      exports: [RpcHost],
    };
  }
}
