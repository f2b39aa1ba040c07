import { Module, type DynamicModule } from '@nestjs/common';
import { keysV1, logoutV1, openidV1, RpcError, tokenV1, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';

/** What the services behind the gateway answer in a test; a test changes it as it goes. */
export type Backends = {
  authorize: (request: tokenV1.AuthorizeRequest) => Partial<tokenV1.AuthorizeResponse>;
  issueToken: (request: tokenV1.IssueTokenRequest) => tokenV1.IssueTokenResponse;
  revokeToken: (request: tokenV1.RevokeTokenRequest) => tokenV1.RevokeTokenResponse;
  introspect: (request: tokenV1.IntrospectForCallerRequest) => tokenV1.IntrospectForCallerResponse;
  userinfo: (request: openidV1.UserinfoRequest) => openidV1.UserinfoResponse;
  registration: (rpc: string, request: object) => { clientJson?: string; error?: tokenV1.OAuth2Error };
  endSession: (request: logoutV1.EndSessionRequest) => Partial<logoutV1.EndSessionResponse>;
  metadata: string;
  keys: readonly object[];
};

/** Services that hold nothing: every rpc answers what `backends` says now. */
export function createBackends(): Backends {
  return {
    authorize: () => ({ toClient: { location: 'https://rp.example/callback?code=c&state=s' } }),
    issueToken: () => ({ tokens: issuedTokens({}) }),
    revokeToken: () => ({ error: undefined }),
    introspect: () => ({ introspection: introspection({}) }),
    userinfo: () => ({ claimsJson: '{"sub":"alice"}' }),
    registration: () => ({ clientJson: '{"client_id":"c"}' }),
    endSession: () => ({ loggedOut: { location: 'https://issuer.example/oauth2/sessions/logout/done', frames: [] } }),
    metadata: '{"issuer":"https://issuer.example"}',
    keys: [],
  };
}

export function issuedTokens(changes: Partial<tokenV1.IssuedTokens>): tokenV1.IssuedTokens {
  return tokenV1.IssuedTokens.fromPartial({ accessToken: 'at', tokenType: 'bearer', expiresIn: 3600, ...changes });
}

export function introspection(changes: Partial<tokenV1.Introspection>): tokenV1.Introspection {
  return tokenV1.Introspection.fromPartial(changes);
}

/** A service that is away. */
export function away(): never {
  throw new RpcError('UNAVAILABLE', 'no connection to 10.0.0.7:4451');
}

async function notAsked(): Promise<never> {
  throw new RpcError('UNIMPLEMENTED', 'the gateway never asks this');
}

@Module({})
class BackendsModule {}

export function backendsModule(backends: Backends): DynamicModule {
  const gateway = ['gateway'] as const;

  @RpcService(tokenV1.AuthorizationService, { authorize: gateway })
  class Authorization implements RpcHandlers<typeof tokenV1.AuthorizationService> {
    async authorize(request: tokenV1.AuthorizeRequest): Promise<tokenV1.AuthorizeResponse> {
      return { setCookies: [], ...backends.authorize(request) };
    }
  }

  @RpcService(tokenV1.TokensService, {
    issueToken: gateway,
    revokeToken: gateway,
    introspectForCaller: gateway,
    introspect: [],
    inspectToken: [],
    getMetadata: gateway,
  })
  class Tokens implements RpcHandlers<typeof tokenV1.TokensService> {
    async issueToken(request: tokenV1.IssueTokenRequest): Promise<tokenV1.IssueTokenResponse> {
      return backends.issueToken(request);
    }
    async revokeToken(request: tokenV1.RevokeTokenRequest): Promise<tokenV1.RevokeTokenResponse> {
      return backends.revokeToken(request);
    }
    async introspectForCaller(
      request: tokenV1.IntrospectForCallerRequest,
    ): Promise<tokenV1.IntrospectForCallerResponse> {
      return backends.introspect(request);
    }
    async introspect(): Promise<tokenV1.IntrospectResponse> {
      throw new RpcError('UNIMPLEMENTED', 'the gateway never asks this');
    }
    async inspectToken(): Promise<tokenV1.InspectTokenResponse> {
      throw new RpcError('UNIMPLEMENTED', 'the gateway never asks this');
    }
    async getMetadata(): Promise<tokenV1.GetMetadataResponse> {
      return { json: backends.metadata };
    }
  }

  @RpcService(keysV1.SigningService, { sign: [], getVerificationKeys: gateway })
  class Signing implements RpcHandlers<typeof keysV1.SigningService> {
    async sign(): Promise<keysV1.SignResponse> {
      throw new RpcError('UNIMPLEMENTED', 'the gateway never signs');
    }
    async getVerificationKeys(request: keysV1.GetVerificationKeysRequest): Promise<keysV1.GetVerificationKeysResponse> {
      const isIdToken = request.purpose === keysV1.Purpose.PURPOSE_ID_TOKEN;
      return { keys: isIdToken ? backends.keys.map((key) => JSON.stringify(key)) : [], maxAgeSeconds: 900 };
    }
  }

  @RpcService(logoutV1.LogoutService, {
    endSession: gateway,
    getLogoutRequest: [],
    acceptLogoutRequest: [],
    rejectLogoutRequest: [],
  })
  class Logout implements RpcHandlers<typeof logoutV1.LogoutService> {
    async endSession(request: logoutV1.EndSessionRequest): Promise<logoutV1.EndSessionResponse> {
      return { setCookies: [], ...backends.endSession(request) };
    }
    getLogoutRequest = notAsked;
    acceptLogoutRequest = notAsked;
    rejectLogoutRequest = notAsked;
  }

  @RpcService(openidV1.OpenIdService, { userinfo: gateway })
  class OpenId implements RpcHandlers<typeof openidV1.OpenIdService> {
    async userinfo(request: openidV1.UserinfoRequest): Promise<openidV1.UserinfoResponse> {
      return backends.userinfo(request);
    }
  }

  @RpcService(openidV1.RegistrationService, {
    registerClient: gateway,
    readRegistration: gateway,
    updateRegistration: gateway,
    deleteRegistration: gateway,
    createInitialAccessToken: [],
  })
  class Registration implements RpcHandlers<typeof openidV1.RegistrationService> {
    registerClient = async (request: object) => backends.registration('register', request);
    readRegistration = async (request: object) => backends.registration('read', request);
    updateRegistration = async (request: object) => backends.registration('update', request);
    deleteRegistration = async (request: object) => ({ error: backends.registration('delete', request).error });
    async createInitialAccessToken(): Promise<openidV1.CreateInitialAccessTokenResponse> {
      throw new RpcError('UNIMPLEMENTED', 'the gateway never asks this');
    }
  }

  return { module: BackendsModule, providers: [Authorization, Logout, Tokens, OpenId, Registration, Signing] };
}
