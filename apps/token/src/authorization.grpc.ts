import {
  type AuthorizationResponse,
  authorize,
  type AuthorizationTools,
  type AuthorizeOutcome,
} from '@castellan/oauth2';
import { tokenV1, type CallContext, type PeerTable, type RpcHandlers } from '@castellan/rpc';
import { RpcService, type Logger } from '@castellan/service';
import { toErrorMessage, toFault } from './rpc-answer.js';

/** Who may call it: the door that holds the browser's connection. */
export const authorizationPeers: PeerTable<typeof tokenV1.AuthorizationService> = { authorize: ['gateway'] };

/**
 * The authorization endpoint as an rpc. Provided by a factory: `new AuthorizationGrpc(tools, logger)`, where the tools
 * hold `createConsentChallengeSigner` and `createConsentResponseKeys` of `consent-keys.ts`.
 */
@RpcService(tokenV1.AuthorizationService, authorizationPeers)
export class AuthorizationGrpc implements RpcHandlers<typeof tokenV1.AuthorizationService> {
  constructor(
    private readonly tools: AuthorizationTools,
    private readonly logger: Logger,
  ) {}

  async authorize(request: tokenV1.AuthorizeRequest, context: CallContext): Promise<tokenV1.AuthorizeResponse> {
    const outcome = await authorize(request, this.tools).catch((cause: unknown) => {
      throw toFault(cause);
    });
    if (outcome.kind === 'error-to-client' || outcome.kind === 'error-page') {
      // The hint names parameters and rules, never values that could be secret.
      const { code, hint } = outcome.error;
      this.logger.info('Authorization refused', {
        error: code,
        ...(hint !== undefined ? { hint } : {}),
        request_id: context.requestId,
      });
    }
    return { ...answerOf(outcome), setCookies: [...outcome.cookies] };
  }
}

function answerOf(outcome: AuthorizeOutcome): Omit<tokenV1.AuthorizeResponse, 'setCookies'> {
  switch (outcome.kind) {
    case 'to-consent':
      return { toConsent: { location: outcome.location } };
    case 'to-client':
      return outcome.form === undefined ? { toClient: { location: outcome.location } } : formPost(outcome);
    case 'error-to-client':
      return outcome.form === undefined ? { errorToClient: { location: outcome.location } } : formPost(outcome);
    case 'error-page':
      return { errorPage: { ...toErrorMessage(outcome.error), status: 400 } };
  }
}

function formPost({ location, form = [] }: AuthorizationResponse): Pick<tokenV1.AuthorizeResponse, 'formPost'> {
  return { formPost: { action: location, fields: [...form] } };
}
