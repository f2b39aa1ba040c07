import {
  formatScope,
  inspectToken,
  introspect,
  introspectForCaller,
  issueTokens,
  revokeToken,
  serverMetadata,
  type Introspection,
  type IssuedTokens,
} from '@castellan/oauth2';
import { type CallContext, tokenV1, type RpcHandlers } from '@castellan/rpc';
import { type Logger, RpcService } from '@castellan/service';
import { tokensPeers } from './peers.js';
import { answerOrError, toFault } from './rpc-answer.js';
import type { TokenService } from './token-service.js';

/** The service Tokens: the token endpoint, revocation, introspection and the metadata document, without HTTP. */
@RpcService(tokenV1.TokensService, tokensPeers)
export class TokensRpc implements RpcHandlers<typeof tokenV1.TokensService> {
  constructor(
    private readonly service: TokenService,
    private readonly logger: Logger,
  ) {}

  async issueToken(request: tokenV1.IssueTokenRequest, context: CallContext): Promise<tokenV1.IssueTokenResponse> {
    const outcome = await this.answer(issueTokens(request, this.service.endpoint), context);
    return 'error' in outcome ? outcome : { tokens: toTokensMessage(outcome.answer) };
  }

  async revokeToken(request: tokenV1.RevokeTokenRequest, context: CallContext): Promise<tokenV1.RevokeTokenResponse> {
    const outcome = await this.answer(revokeToken(request, this.service.endpoint), context);
    return { error: 'error' in outcome ? outcome.error : undefined };
  }

  async introspectForCaller(
    request: tokenV1.IntrospectForCallerRequest,
    context: CallContext,
  ): Promise<tokenV1.IntrospectForCallerResponse> {
    const outcome = await this.answer(introspectForCaller(request, this.service.endpoint), context);
    return 'error' in outcome ? outcome : { introspection: toIntrospectionMessage(outcome.answer) };
  }

  async introspect(request: tokenV1.IntrospectRequest): Promise<tokenV1.IntrospectResponse> {
    try {
      const { introspection, scopeMissing } = await introspect(request.token, request.scopes, this.service.endpoint);
      return { introspection: toIntrospectionMessage(introspection), scopeMissing };
    } catch (cause) {
      throw toFault(cause);
    }
  }

  async inspectToken(request: tokenV1.InspectTokenRequest): Promise<tokenV1.InspectTokenResponse> {
    try {
      const { introspection, use } = await inspectToken(request.token, request.scopes, this.service.endpoint);
      return { introspection: toIntrospectionMessage(introspection), tokenUse: use ?? '' };
    } catch (cause) {
      throw toFault(cause);
    }
  }

  async getMetadata(): Promise<tokenV1.GetMetadataResponse> {
    const { issuer, idTokenSigner, registration, authorization } = this.service;
    const metadata = serverMetadata({
      issuer,
      idTokenAlgorithms: await idTokenSigner.publishedAlgorithms(),
      registration: registration.access !== 'off',
      unsignedRequestObjects: authorization.requestUris.unsigned,
      loginSessions: authorization.settings.loginUrl !== undefined,
    });
    return { json: JSON.stringify(metadata) };
  }

  private async answer<T>(operation: Promise<T>, { requestId }: CallContext) {
    const outcome = await answerOrError(operation);
    // The hint names parameters and rules, never values that could be secret.
    if ('error' in outcome) {
      const { error, hint } = outcome.error;
      this.logger.info('Token request refused', { error, ...(hint !== '' ? { hint } : {}), requestId });
    }
    return outcome;
  }
}

function toTokensMessage(tokens: IssuedTokens): tokenV1.IssuedTokens {
  return {
    accessToken: tokens.accessToken,
    tokenType: 'bearer',
    expiresIn: tokens.expiresIn,
    scope: formatScope(tokens.scopes),
    refreshToken: tokens.refreshToken ?? '',
    idToken: tokens.idToken ?? '',
  };
}

function toIntrospectionMessage(introspection: Introspection): tokenV1.Introspection {
  if (!introspection.active) return tokenV1.Introspection.create({ active: false });
  const { extra } = introspection;
  return {
    active: true,
    scopes: [...introspection.scopes],
    clientId: introspection.clientId,
    subject: introspection.subject,
    expiresAtMs: introspection.expiresAt,
    issuedAtMs: introspection.issuedAt,
    audience: [...introspection.audience],
    issuer: introspection.issuer,
    ...(introspection.decision !== undefined
      ? { decisionId: introspection.decision.id, policyRevision: introspection.decision.revision }
      : {}),
    extraJson: Object.keys(extra).length === 0 ? '' : JSON.stringify(extra),
  };
}
