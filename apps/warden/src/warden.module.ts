import { type DynamicModule, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { type RpcClient, tokenV1 } from '@castellan/rpc';
import {
  ADMISSION_TABLE,
  LOGGER,
  type Logger,
  METRICS,
  type Metrics,
  provideRpcClient,
  READINESS,
  type ReadinessCheck,
  rpcClientToken,
} from '@castellan/service';
import { wardenAdmission } from './admission-table.js';
import { AuthorizationRpc } from './authorization.grpc.js';
import { DecisionsRpc } from './decisions.grpc.js';
import { GroupsRpc } from './groups.grpc.js';
import { PoliciesRpc } from './policies.grpc.js';
import { openWarden, type Warden } from './warden.js';
import type { WardenConfig } from './warden.config.js';
import { WardenRpc } from './warden.grpc.js';

const WARDEN = Symbol('WARDEN');

/** Closes the Warden after the last call was answered. */
class WardenShutdown implements OnApplicationShutdown {
  constructor(private readonly warden: Warden) {}

  onApplicationShutdown(): Promise<void> {
    return this.warden.close();
  }
}

/** The Warden as a module: services Warden, Policies and Groups, and Envoy's Authorization. */
@Module({})
export class WardenModule {
  /** Opens a Warden of its own at start and closes it at shutdown. */
  static forRoot(config: WardenConfig): DynamicModule {
    const warden: Provider = {
      provide: WARDEN,
      inject: [LOGGER, METRICS],
      useFactory: (logger: Logger, metrics: Metrics) => openWarden(config, { logger, metrics }),
    };
    return { module: WardenModule, providers: [warden, ...services] };
  }
}

const services: readonly Provider[] = [
  provideRpcClient(tokenV1.TokensService, 'warden'),
  { provide: ADMISSION_TABLE, useValue: wardenAdmission },
  {
    provide: WardenRpc,
    inject: [WARDEN, rpcClientToken(tokenV1.TokensService)],
    useFactory: (warden: Warden, tokens: RpcClient<typeof tokenV1.TokensService>) =>
      new WardenRpc({ ...warden, tokens }),
  },
  {
    provide: AuthorizationRpc,
    inject: [WARDEN, rpcClientToken(tokenV1.TokensService)],
    useFactory: (warden: Warden, tokens: RpcClient<typeof tokenV1.TokensService>) =>
      new AuthorizationRpc({ ...warden, tokens }),
  },
  { provide: PoliciesRpc, inject: [WARDEN], useFactory: (warden: Warden) => new PoliciesRpc(warden) },
  { provide: DecisionsRpc, inject: [WARDEN], useFactory: ({ decisions }: Warden) => new DecisionsRpc(decisions) },
  { provide: GroupsRpc, inject: [WARDEN], useFactory: ({ groups }: Warden) => new GroupsRpc(groups) },
  { provide: WardenShutdown, inject: [WARDEN], useFactory: (warden: Warden) => new WardenShutdown(warden) },
  {
    provide: READINESS,
    inject: [WARDEN],
    useFactory: (warden: Warden): readonly ReadinessCheck[] => [
      { name: 'warden-database', check: () => warden.ping() },
      warden.clock,
    ],
  },
];
