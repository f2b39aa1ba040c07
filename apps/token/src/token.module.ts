import { type DynamicModule, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { keysV1, type RpcClient, wardenV1 } from '@castellan/rpc';
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
import { tokenAdmission } from './admission-table.js';
import { AuthorizationGrpc } from './authorization.grpc.js';
import { ClientsRpc } from './clients.grpc.js';
import { DeliveriesRpc } from './deliveries.grpc.js';
import { LoginConsentRpc } from './login-consent.grpc.js';
import { LogoutRpc } from './logout.grpc.js';
import { OpenIdRpc } from './openid.grpc.js';
import { RegistrationRpc } from './registration.grpc.js';
import type { TokenConfig } from './token.config.js';
import { openTokenService, type TokenService } from './token-service.js';
import { TokenExplanationsRpc } from './token-explanation.grpc.js';
import { TokensRpc } from './tokens.grpc.js';

const TOKEN_SERVICE = Symbol('TOKEN_SERVICE');

/** Closes the token service after the last rpc. */
class TokenServiceShutdown implements OnApplicationShutdown {
  constructor(private readonly service: TokenService) {}

  onApplicationShutdown(): Promise<void> {
    return this.service.close();
  }
}

/** The token service as a module: services Authorization, Tokens, OpenId, Registration, Clients, Logout and Deliveries. */
@Module({})
export class TokenModule {
  static forRoot(config: TokenConfig): DynamicModule {
    const service: Provider = {
      provide: TOKEN_SERVICE,
      inject: [rpcClientToken(keysV1.SigningService), rpcClientToken(wardenV1.WardenService), LOGGER, METRICS],
      useFactory: (
        signing: RpcClient<typeof keysV1.SigningService>,
        warden: RpcClient<typeof wardenV1.WardenService>,
        logger: Logger,
        metrics: Metrics,
      ) => openTokenService(config, { signing, warden, logger, metrics }),
    };
    return {
      module: TokenModule,
      providers: [
        provideRpcClient(keysV1.SigningService, 'token'),
        provideRpcClient(wardenV1.WardenService, 'token'),
        service,
        { provide: ADMISSION_TABLE, useValue: tokenAdmission },
        ...rpcs,
      ],
    };
  }
}

const rpcs: readonly Provider[] = [
  {
    provide: TokensRpc,
    inject: [TOKEN_SERVICE, LOGGER],
    useFactory: (service: TokenService, logger: Logger) => new TokensRpc(service, logger),
  },
  { provide: ClientsRpc, inject: [TOKEN_SERVICE], useFactory: (service: TokenService) => new ClientsRpc(service) },
  {
    provide: AuthorizationGrpc,
    inject: [TOKEN_SERVICE, LOGGER],
    useFactory: (service: TokenService, logger: Logger) => new AuthorizationGrpc(service.authorization, logger),
  },
  {
    provide: LoginConsentRpc,
    inject: [TOKEN_SERVICE, LOGGER],
    useFactory: (service: TokenService, logger: Logger) => new LoginConsentRpc(service, logger),
  },
  {
    provide: OpenIdRpc,
    inject: [TOKEN_SERVICE, LOGGER],
    useFactory: (service: TokenService, logger: Logger) => new OpenIdRpc(service, logger),
  },
  {
    provide: RegistrationRpc,
    inject: [TOKEN_SERVICE, LOGGER],
    useFactory: (service: TokenService, logger: Logger) => new RegistrationRpc(service, logger),
  },
  {
    provide: DeliveriesRpc,
    inject: [TOKEN_SERVICE],
    useFactory: (service: TokenService) => new DeliveriesRpc(service.logout.deliveries),
  },
  {
    provide: LogoutRpc,
    inject: [TOKEN_SERVICE, LOGGER],
    useFactory: (service: TokenService, logger: Logger) => new LogoutRpc(service.logout.tools, logger),
  },
  {
    provide: TokenExplanationsRpc,
    inject: [TOKEN_SERVICE, LOGGER],
    useFactory: (service: TokenService, logger: Logger) => new TokenExplanationsRpc(service, logger),
  },
  {
    provide: TokenServiceShutdown,
    inject: [TOKEN_SERVICE],
    useFactory: (service: TokenService) => new TokenServiceShutdown(service),
  },
  {
    provide: READINESS,
    inject: [TOKEN_SERVICE],
    useFactory: (service: TokenService): readonly ReadinessCheck[] => [
      { name: 'token-database', check: () => service.ping() },
      service.clock,
    ],
  },
];
