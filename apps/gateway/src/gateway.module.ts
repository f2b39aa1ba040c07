import { Module, type DynamicModule } from '@nestjs/common';
import { keysV1, logoutV1, openidV1, tokenV1 } from '@castellan/rpc';
import {
  ADMISSION_TABLE,
  HealthController,
  HTTP_ERROR_RENDERER,
  OpenapiModule,
  provideRpcClient,
  READINESS,
  rpcClientToken,
} from '@castellan/service';

import { gatewayAdmission } from './admission-table.js';
import { AuthorizeController } from './authorize.http.js';
import { ConsentPageController } from './consent-page.http.js';
import { DiscoveryController } from './discovery.http.js';
import type { GatewayConfig } from './gateway.config.js';
import { IntrospectionController } from './introspection.http.js';
import { LogoutController } from './logout.http.js';
import { gatewayApi } from './openapi/gateway-api.js';
import { PageStyleController } from './page-style.http.js';
import { createReadinessChecks } from './readiness-checks.js';
import { RegistrationController } from './registration.http.js';
import { renderGatewayError } from './render-error.js';
import { RevocationController } from './revocation.http.js';
import { TokenController } from './token.http.js';
import { UserinfoController } from './userinfo.http.js';

/** The public HTTP endpoints. `RpcModule` and `createHttpApp` give it the rest. */
@Module({})
export class GatewayModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      imports: config.openapi === true ? [OpenapiModule.forRoot(gatewayApi(config))] : [],
      controllers: [
        AuthorizeController,
        TokenController,
        IntrospectionController,
        RevocationController,
        DiscoveryController,
        UserinfoController,
        RegistrationController,
        HealthController,
        PageStyleController,
        LogoutController,
        ...(config.consentUrl === undefined ? [ConsentPageController] : []),
      ],
      providers: [
        provideRpcClient(tokenV1.AuthorizationService, 'gateway'),
        provideRpcClient(tokenV1.TokensService, 'gateway'),
        provideRpcClient(openidV1.OpenIdService, 'gateway'),
        provideRpcClient(openidV1.RegistrationService, 'gateway'),
        provideRpcClient(logoutV1.LogoutService, 'gateway'),
        provideRpcClient(keysV1.SigningService, 'gateway'),
        { provide: ADMISSION_TABLE, useValue: gatewayAdmission },
        { provide: HTTP_ERROR_RENDERER, useValue: renderGatewayError },
        {
          provide: READINESS,
          inject: [rpcClientToken(tokenV1.TokensService), rpcClientToken(keysV1.SigningService)],
          useFactory: createReadinessChecks,
        },
      ],
    };
  }
}
