import { Module, type DynamicModule } from '@nestjs/common';
import {
  keysV1,
  explanationV1,
  loginV1,
  logoutV1,
  openidV1,
  RpcError,
  tokenV1,
  wardenV1,
  type RpcHandlers,
} from '@castellan/rpc';
import { RpcService, type Logger } from '@castellan/service';

import type { RootClientOptions } from '../root-client.js';
import { type Backends, consentPart, fail, found, sampleConsent } from './backends.js';
import { TestClients } from './test-clients.js';
import { TestKeys } from './test-keys.js';
import { TestDecisions, TestGroups, TestPolicies, TestWarden } from './test-warden.js';

const ADMIN = ['admin'] as const;

@Module({})
class BackendsModule {}

export function backendsModule(backends: Backends): DynamicModule {
  @RpcService(tokenV1.ClientsService, everyRpc(tokenV1.ClientsService))
  class Clients extends TestClients {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.PoliciesService, everyRpc(wardenV1.PoliciesService))
  class Policies extends TestPolicies {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.GroupsService, everyRpc(wardenV1.GroupsService))
  class Groups extends TestGroups {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.DecisionsService, everyRpc(wardenV1.DecisionsService))
  class Decisions extends TestDecisions {
    constructor() {
      super(backends);
    }
  }
  @RpcService(wardenV1.WardenService, everyRpc(wardenV1.WardenService))
  class Warden extends TestWarden {
    constructor() {
      super(backends);
    }
  }
  @RpcService(keysV1.KeysService, everyRpc(keysV1.KeysService))
  class Keys extends TestKeys {
    constructor() {
      super(backends);
    }
  }
  @RpcService(loginV1.LoginConsentService, everyRpc(loginV1.LoginConsentService))
  class LoginConsent implements RpcHandlers<typeof loginV1.LoginConsentService> {
    async getLoginRequest({ challenge }: loginV1.GetLoginRequestRequest) {
      const stored = found(backends.authRequests, challenge);
      return typeof stored === 'string' ? { handled: { redirectTo: stored } } : { request: stored };
    }
    acceptLoginRequest = (request: loginV1.AcceptLoginRequestRequest) => decideRequest(request, 'login_verifier');
    rejectLoginRequest = (request: loginV1.RejectLoginRequestRequest) => decideRequest(request, 'login_verifier');
    async getConsentRequest({ challenge }: loginV1.GetConsentRequestRequest) {
      const stored = found(backends.authRequests, challenge);
      if (typeof stored === 'string') return { handled: { redirectTo: stored } };
      return { request: loginV1.ConsentRequest.fromPartial({ ...consentPart, request: stored }) };
    }
    acceptConsentRequest = (request: loginV1.AcceptConsentRequestRequest) => decideRequest(request, 'consent_verifier');
    rejectConsentRequest = (request: loginV1.RejectConsentRequestRequest) => decideRequest(request, 'consent_verifier');
    async listConsents({ subject, limit, after }: loginV1.ListConsentsRequest) {
      const ids = ['k1', 'k2', 'k3'].filter((id) => id > after && subject === 'alice').slice(0, limit);
      return { consents: ids.map((id) => loginV1.Consent.fromPartial({ ...sampleConsent, id })) };
    }
    async revokeConsents(request: loginV1.RevokeConsentsRequest) {
      backends.decisions.push(request);
      return { grants: 1 };
    }
    async listLoginSessions({ subject }: loginV1.ListLoginSessionsRequest) {
      return { sessions: [loginV1.LoginSession.fromPartial({ id: 's1', subject, authTime: 1_700_000_000 })] };
    }
    async revokeLoginSessions(request: loginV1.RevokeLoginSessionsRequest) {
      backends.decisions.push(request);
      return { sessions: 1 };
    }
  }
  async function decideRequest(request: { readonly challenge: string }, verifier: string) {
    if (typeof found(backends.authRequests, request.challenge) === 'string') {
      throw new RpcError('ABORTED', 'The request was decided already');
    }
    backends.decisions.push(request);
    return { redirectTo: `https://op.example/oauth2/auth?${verifier}=v` };
  }
  @RpcService(logoutV1.LogoutService, everyRpc(logoutV1.LogoutService))
  class Logout implements RpcHandlers<typeof logoutV1.LogoutService> {
    endSession = notAsked;
    async getLogoutRequest({ challenge }: logoutV1.GetLogoutRequestRequest) {
      const stored = found(backends.logoutRequests, challenge);
      return typeof stored === 'string' ? { handledRedirectTo: stored } : { request: stored };
    }
    async acceptLogoutRequest({ challenge }: logoutV1.AcceptLogoutRequestRequest) {
      decide(challenge);
      return { redirectTo: 'https://op.example/oauth2/sessions/logout?logout_verifier=v' };
    }
    async rejectLogoutRequest({ challenge }: logoutV1.RejectLogoutRequestRequest) {
      decide(challenge);
      return {};
    }
  }
  function decide(challenge: string): void {
    const stored = found(backends.logoutRequests, challenge);
    if (typeof stored === 'string') throw new RpcError('ABORTED', 'the logout request is decided');
    backends.logoutRequests.set(challenge, stored.requestUrl);
  }
  @RpcService(logoutV1.DeliveriesService, everyRpc(logoutV1.DeliveriesService))
  class Deliveries implements RpcHandlers<typeof logoutV1.DeliveriesService> {
    async listDeliveries({ state, after, limit }: logoutV1.ListDeliveriesRequest) {
      fail(backends, 'clients');
      const all = [...backends.deliveries.values()].filter((each) => state === 0 || each.state === state);
      return { deliveries: all.filter(({ id }) => Number(id) > Number(after)).slice(0, limit) };
    }
    async retryDelivery({ id }: logoutV1.RetryDeliveryRequest) {
      backends.deliveries.set(id, { ...found(backends.deliveries, id), attempts: 0 });
      return {};
    }
    async discardDelivery({ id }: logoutV1.DiscardDeliveryRequest) {
      found(backends.deliveries, id);
      backends.deliveries.delete(id);
      return {};
    }
  }
  @RpcService(explanationV1.TokenExplanationsService, everyRpc(explanationV1.TokenExplanationsService))
  class Explanations implements RpcHandlers<typeof explanationV1.TokenExplanationsService> {
    async explainToken({ token }: explanationV1.ExplainTokenRequest) {
      fail(backends, 'clients');
      return backends.explanations.get(token) ?? explanationV1.ExplainTokenResponse.create({});
    }
  }
  @RpcService(openidV1.RegistrationService, everyRpc(openidV1.RegistrationService))
  class Registration implements RpcHandlers<typeof openidV1.RegistrationService> {
    async createInitialAccessToken({ uses, lifetimeMs }: openidV1.CreateInitialAccessTokenRequest) {
      fail(backends, 'clients');
      if (uses < 1) {
        throw new RpcError('INVALID_ARGUMENT', 'uses must be 1 to 1000');
      }
      return { token: `ct_ia_${uses}_${lifetimeMs}` };
    }
    registerClient = notAsked;
    readRegistration = notAsked;
    updateRegistration = notAsked;
    deleteRegistration = notAsked;
  }
  @RpcService(tokenV1.TokensService, everyRpc(tokenV1.TokensService))
  class Tokens implements RpcHandlers<typeof tokenV1.TokensService> {
    async inspectToken({ token, scopes }: tokenV1.InspectTokenRequest): Promise<tokenV1.InspectTokenResponse> {
      const known = backends.tokens.get(token);
      if (known === undefined || !scopes.every((scope) => known.scopes.includes(scope))) {
        return { introspection: tokenV1.Introspection.create({ active: false }), tokenUse: '' };
      }
      const introspection = tokenV1.Introspection.fromPartial({
        active: true,
        scopes: [...known.scopes],
        clientId: 'app',
        subject: known.subject,
        expiresAtMs: 1_750_003_600_000,
        issuedAtMs: 1_750_000_000_500,
        audience: ['app'],
        issuer: 'https://issuer.example',
        extraJson: known.extraJson ?? '',
      });
      return { introspection, tokenUse: 'access_token' };
    }
    issueToken = notAsked;
    revokeToken = notAsked;
    introspectForCaller = notAsked;
    introspect = notAsked;
    getMetadata = notAsked;
  }
  return {
    module: BackendsModule,
    providers: [
      Clients,
      Tokens,
      Logout,
      LoginConsent,
      Deliveries,
      Explanations,
      Registration,
      Policies,
      Groups,
      Decisions,
      Warden,
      Keys,
    ],
  };
}

async function notAsked(): Promise<never> {
  throw new RpcError('UNIMPLEMENTED', 'the admin API never asks this');
}

function everyRpc<S extends object>(definition: S): { readonly [M in keyof S]: typeof ADMIN } {
  return Object.fromEntries(Object.keys(definition).map((rpc) => [rpc, ADMIN])) as { [M in keyof S]: typeof ADMIN };
}

/** Root client options on the services' handlers, called directly. */
export function rootClientOptions(backends: Backends, logger: Logger, id: string): RootClientOptions {
  const clients = new TestClients(backends);
  const policies = new TestPolicies(backends);
  return { clients, policies, logger, credentials: { id, secret: 'secret123' }, resourceNamePrefix: 'rn:hydra' };
}
