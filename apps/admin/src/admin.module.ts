import { randomBytes, randomUUID } from 'node:crypto';

import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { explanationV1, keysV1, loginV1, logoutV1, openidV1, tokenV1, wardenV1, type RpcClient } from '@castellan/rpc';
import {
  ADMISSION_TABLE,
  HTTP_ERROR_RENDERER,
  LOGGER,
  provideRpcClient,
  READINESS,
  rpcClientToken,
  type Logger,
} from '@castellan/service';

import { createAccessFacts } from './access-facts.js';
import { ACCESS_CONTROL, AccessGuard, requireAccess } from './access.guard.js';
import type { AccessControl } from './access.js';
import { AdminClientsController } from './admin-clients.http.js';
import { adminAdmission } from './admission-table.js';
import { renderAdminError } from './admin-error.js';
import { AdminKeysController } from './admin-keys.http.js';
import { AdminTokensController } from './admin-tokens.http.js';
import type { AdminConfig } from './admin.config.js';
import { ACCESS_URL, AuthzenController, AuthzenMetadataController } from './authzen.http.js';
import { ClientsController } from './clients.http.js';
import { DeliveriesController } from './deliveries.http.js';
import { DecisionsController } from './decisions.http.js';
import { GrantsController } from './grants.http.js';
import { GroupsController } from './groups.http.js';
import { InitialAccessTokensController } from './initial-access-tokens.http.js';
import { KeysController } from './keys.http.js';
import { AuthSessionsController } from './auth-sessions.http.js';
import { ConsentRequestsController } from './consent-requests.http.js';
import { LoginRequestsController } from './login-requests.http.js';
import { LogoutRequestsController } from './logout-requests.http.js';
import { PoliciesController } from './policies.http.js';
import { PolicyHistoryController } from './policy-history.http.js';
import { PolicyImportsController } from './policy-imports.http.js';
import { createReadinessChecks } from './readiness-checks.js';
import { createResourceNames, RESOURCE_NAMES, type ResourceNames } from './resource-name.js';
import { ResourceServersController } from './resource-servers.http.js';
import { RootClientBootstrap } from './root-client-bootstrap.js';
import { RotationController } from './rotation.http.js';
import { StatsController } from './stats.http.js';
import { TokenExplanationController } from './token-explanation.http.js';
import { WardenController } from './warden.http.js';

/** Every controller of the admin API. */
export const ADMIN_CONTROLLERS: readonly Type[] = [
  ClientsController,
  InitialAccessTokensController,
  KeysController,
  RotationController,
  PoliciesController,
  PolicyHistoryController,
  PolicyImportsController,
  WardenController,
  DecisionsController,
  AuthzenController,
  GroupsController,
  ResourceServersController,
  GrantsController,
  TokenExplanationController,
  DeliveriesController,
  LoginRequestsController,
  ConsentRequestsController,
  AuthSessionsController,
  LogoutRequestsController,
  StatsController,
  AdminClientsController,
  AdminKeysController,
  AdminTokensController,
];

export type AdminModuleOptions = {
  /** Shows the generated credentials of the root client, once and never in the log. */
  readonly announce: (id: string, secret: string) => void;
};

/** The admin HTTP API. `RpcModule` and `createHttpApp` give it the rest. */
@Module({})
export class AdminModule {
  /** @throws Error when a route declares no access: such an API must not start */
  static forRoot(config: AdminConfig, options: AdminModuleOptions): DynamicModule {
    requireAccess(ADMIN_CONTROLLERS);
    return {
      module: AdminModule,
      controllers: [...ADMIN_CONTROLLERS, AuthzenMetadataController],
      providers: [
        provideRpcClient(tokenV1.ClientsService, 'admin'),
        provideRpcClient(tokenV1.TokensService, 'admin'),
        provideRpcClient(openidV1.RegistrationService, 'admin'),
        provideRpcClient(explanationV1.TokenExplanationsService, 'admin'),
        provideRpcClient(logoutV1.DeliveriesService, 'admin'),
        provideRpcClient(logoutV1.LogoutService, 'admin'),
        provideRpcClient(loginV1.LoginConsentService, 'admin'),
        provideRpcClient(wardenV1.WardenService, 'admin'),
        provideRpcClient(wardenV1.PoliciesService, 'admin'),
        provideRpcClient(wardenV1.GroupsService, 'admin'),
        provideRpcClient(wardenV1.DecisionsService, 'admin'),
        provideRpcClient(keysV1.KeysService, 'admin'),
        { provide: RESOURCE_NAMES, useValue: createResourceNames(config.resourceNamePrefix) },
        { provide: ACCESS_URL, useValue: { value: config.accessUrl } },
        { provide: ADMISSION_TABLE, useValue: adminAdmission },
        { provide: HTTP_ERROR_RENDERER, useValue: renderAdminError },
        AccessGuard,
        {
          provide: ACCESS_CONTROL,
          inject: [
            rpcClientToken(wardenV1.WardenService),
            rpcClientToken(tokenV1.ClientsService),
            rpcClientToken(keysV1.KeysService),
            RESOURCE_NAMES,
          ],
          useFactory: (
            warden: RpcClient<typeof wardenV1.WardenService>,
            clients: RpcClient<typeof tokenV1.ClientsService>,
            keys: RpcClient<typeof keysV1.KeysService>,
            names: ResourceNames,
          ): AccessControl => ({ warden, names, facts: createAccessFacts({ clients, keys }) }),
        },
        {
          provide: READINESS,
          inject: [
            rpcClientToken(tokenV1.ClientsService),
            rpcClientToken(wardenV1.PoliciesService),
            rpcClientToken(keysV1.KeysService),
          ],
          useFactory: createReadinessChecks,
        },
        {
          provide: RootClientBootstrap,
          inject: [rpcClientToken(tokenV1.ClientsService), rpcClientToken(wardenV1.PoliciesService), LOGGER],
          useFactory: (
            clients: RpcClient<typeof tokenV1.ClientsService>,
            policies: RpcClient<typeof wardenV1.PoliciesService>,
            logger: Logger,
          ) => new RootClientBootstrap({ clients, policies, logger, ...rootCredentials(config, options) }),
        },
      ],
    };
  }
}

/** Credentials that the operator chose are not shown again; generated ones (256 bits) are shown once. */
function rootCredentials(config: AdminConfig, { announce }: AdminModuleOptions) {
  const { resourceNamePrefix, rootCredentials: forced } = config;
  return forced !== undefined
    ? { resourceNamePrefix, credentials: forced }
    : {
        resourceNamePrefix,
        credentials: { id: randomUUID(), secret: `cs_${randomBytes(32).toString('base64url')}` },
        announce,
      };
}
