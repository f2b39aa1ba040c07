import { envoyAuthV3, type PeerName, type RpcClient, wardenV1 } from '@castellan/rpc';
import {
  createLogger,
  type Metrics,
  METRICS,
  RpcHost,
  RpcModule,
  type RpcModuleOptions,
  Secret,
  ServiceModule,
} from '@castellan/service';
import { NestFactory } from '@nestjs/core';
import type { WardenConfig } from '../warden.config.js';
import { WardenModule } from '../warden.module.js';
import { TokensTestService } from './tokens-service.js';

/** A Warden as it runs in a process, with a token service beside it. */
export type Replica = {
  readonly tokens: TokensTestService;
  /** Lines of the log. */
  readonly log: string[];
  /** Ports of the gRPC servers, where they listen. */
  readonly ports: { readonly peers: number; readonly bearers: number };
  warden(peer?: PeerName): RpcClient<typeof wardenV1.WardenService>;
  authorization(peer?: PeerName): RpcClient<typeof envoyAuthV3.AuthorizationService>;
  policies(peer?: PeerName): RpcClient<typeof wardenV1.PoliciesService>;
  groups(peer?: PeerName): RpcClient<typeof wardenV1.GroupsService>;
  decisions(peer?: PeerName): RpcClient<typeof wardenV1.DecisionsService>;
  readonly metrics: Metrics;
  close(): Promise<void>;
};

class RootModule {}
class TokensModule {}

/** The secret of every replica. */
export const wardenSecret = 'cds1_warden_for_the_tests_of_the_warden';

/** Starts a replica on a database; in-process calls go through the codec, as over the wire. */
export async function startReplica(
  config: Pick<WardenConfig, 'databaseUrl'> & Partial<WardenConfig>,
  rpc: RpcModuleOptions = {},
): Promise<Replica> {
  const log: string[] = [];
  const logger = createLogger({ destination: { write: (line) => void log.push(line) } });
  const root = {
    module: RootModule,
    imports: [
      ServiceModule.forRoot({ logger }),
      RpcModule.forRoot({ inProcessCodec: true, ...rpc }),
      { module: TokensModule, providers: [TokensTestService] },
      WardenModule.forRoot({
        secret: new Secret(wardenSecret),
        cacheMinimumPolicies: 500,
        maxStalenessMs: 5_000,
        decisionLog: {
          toTable: false,
          toStdout: false,
          sample: 1,
          retentionMs: 7 * 24 * 3_600_000,
          context: { shown: 'all', hidden: new Set() },
        },
        resourceNamePrefix: 'rn:hydra',
        callersAccess: 'listed',
        ...config,
      }),
    ],
  };
  const app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  const host = app.get(RpcHost);
  return {
    tokens: app.get(TokensTestService, { strict: false }),
    log,
    ports: { peers: host.port ?? 0, bearers: host.bearerPort ?? 0 },
    warden: (peer = 'client') => host.createClient(wardenV1.WardenService, peer),
    authorization: (peer = 'client') => host.createClient(envoyAuthV3.AuthorizationService, peer),
    policies: (peer = 'admin') => host.createClient(wardenV1.PoliciesService, peer),
    groups: (peer = 'admin') => host.createClient(wardenV1.GroupsService, peer),
    decisions: (peer = 'admin') => host.createClient(wardenV1.DecisionsService, peer),
    metrics: app.get<Metrics>(METRICS, { strict: false }),
    close: () => app.close(),
  };
}
