import { explainToken } from '@castellan/oauth2';
import { type CallContext, explanationV1, type PeerTable, type RpcHandlers } from '@castellan/rpc';
import { type Logger, RpcService } from '@castellan/service';
import { toFault } from './rpc-answer.js';
import { toExplanationMessage } from './token-explanation-message.js';
import type { TokenService } from './token-service.js';

/** Who may call which rpc of TokenExplanations: the admin API, which asks the Warden first. */
export const tokenExplanationsPeers: PeerTable<typeof explanationV1.TokenExplanationsService> = {
  explainToken: ['admin'],
};

/** The service TokenExplanations: what operators are told about tokens. Each look is a line of the log. */
@RpcService(explanationV1.TokenExplanationsService, tokenExplanationsPeers)
export class TokenExplanationsRpc implements RpcHandlers<typeof explanationV1.TokenExplanationsService> {
  constructor(
    private readonly service: Pick<TokenService, 'explanation'>,
    private readonly logger: Logger,
  ) {}

  async explainToken(
    { token }: explanationV1.ExplainTokenRequest,
    { requestId }: CallContext,
  ): Promise<explanationV1.ExplainTokenResponse> {
    try {
      const explanation = await explainToken(token, this.service.explanation);
      const seen = explanation.kind === 'token' ? explanation : undefined;
      this.logger.info('Token looked at', {
        ...{ type: seen?.type ?? 'foreign', valid: seen?.valid ?? false, requestId },
        ...{ client: seen?.token?.clientId ?? '', family: seen?.token?.family?.key.id ?? '' },
      });
      return toExplanationMessage(explanation);
    } catch (cause) {
      throw toFault(cause);
    }
  }
}
