import { type CallContext, envoyAuthV3, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { checkToken, type CheckTokenDependencies } from './check-token.js';
import { allow, deny, readEnvoyRequest } from './envoy-request.js';
import { authorizationPeers } from './peers.js';

/**
 * Envoy's external authorization, version 3, over token checks: the bearer of the request's access token is the subject.
 * A denial is an answer; without an answer (UNAVAILABLE) Envoy refuses the request, unless it was told to fail open.
 */
@RpcService(envoyAuthV3.AuthorizationService, authorizationPeers)
export class AuthorizationRpc implements RpcHandlers<typeof envoyAuthV3.AuthorizationService> {
  constructor(private readonly dependencies: CheckTokenDependencies) {}

  async check(request: envoyAuthV3.CheckRequest, call: CallContext): Promise<envoyAuthV3.CheckResponse> {
    const read = readEnvoyRequest(request.attributes);
    if ('denial' in read) return deny(read.denial);
    const decision = await checkToken(this.dependencies, { ...read.check, consistency: undefined }, call, 'envoy');
    return decision.allowed && decision.token !== undefined
      ? allow(decision.token, request.attributes?.request?.http?.headers.keys())
      : deny({ kind: 'decision', reason: decision.reason, scopes: read.check.scopes });
  }
}
