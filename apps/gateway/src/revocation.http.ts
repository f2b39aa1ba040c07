import { Controller, Post, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { FormBody, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, formParametersOf, send } from './answer.js';
import { oauthErrorAnswer } from './oauth-error.js';
import { OAUTH_JSON } from './token-answer.js';

/** The revocation endpoint (RFC 7009). 200 means revoked or unknown; an outage is never 200. */
@Controller('oauth2/revoke')
export class RevocationController {
  constructor(
    @InjectRpcClient(tokenV1.TokensService) private readonly tokens: RpcClient<typeof tokenV1.TokensService>,
  ) {}

  @Post()
  @FormBody()
  async revoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { authorization } = request.headers;
    const response = await this.tokens.revokeToken(
      {
        parameters: formParametersOf(request),
        authorization: authorization ?? '',
        remoteAddress: request.clientAddress,
      },
      callOptionsOf(request),
    );
    if (response.error !== undefined) {
      return send(reply, oauthErrorAnswer(response.error, authorization));
    }
    // Empty as the original's; client libraries refuse the answer of this endpoint when it is not called JSON.
    const headers = { 'content-type': OAUTH_JSON, 'cache-control': 'no-store', pragma: 'no-cache' };
    send(reply, { status: 200, headers, body: '' });
  }
}
