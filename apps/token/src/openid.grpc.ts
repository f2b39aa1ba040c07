import { userinfo } from '@castellan/oauth2';
import { type CallContext, openidV1, type PeerTable, type RpcHandlers } from '@castellan/rpc';
import { type Logger, RpcService } from '@castellan/service';
import { answerOrError } from './rpc-answer.js';
import type { TokenService } from './token-service.js';

/** Who may call which rpc of OpenId: the door that holds the caller's connection. */
export const openIdPeers: PeerTable<typeof openidV1.OpenIdService> = { userinfo: ['gateway'] };

/** The service OpenId: the UserInfo endpoint without HTTP. */
@RpcService(openidV1.OpenIdService, openIdPeers)
export class OpenIdRpc implements RpcHandlers<typeof openidV1.OpenIdService> {
  constructor(
    private readonly service: Pick<TokenService, 'userinfo'>,
    private readonly logger: Logger,
  ) {}

  async userinfo(request: openidV1.UserinfoRequest, context: CallContext): Promise<openidV1.UserinfoResponse> {
    const outcome = await answerOrError(userinfo(request, this.service.userinfo));
    if ('error' in outcome) {
      const { error, hint } = outcome.error;
      this.logger.info('Userinfo refused', { error, hint, requestId: context.requestId });
      return { error: outcome.error };
    }
    const { answer } = outcome;
    return answer.kind === 'jwt' ? { jwt: answer.jws } : { claimsJson: JSON.stringify(answer.claims) };
  }
}
