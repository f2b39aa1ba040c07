import { Controller, Post, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { FormBody, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, clientRequestOf, send } from './answer.js';
import { oauthErrorAnswer } from './oauth-error.js';
import { unkeptAnswer } from './token-answer.js';

/** The revocation endpoint (RFC 7009). 200 means revoked or unknown; an outage is never 200. */
@Controller('oauth2/revoke')
export class RevocationController {
  constructor(
    @InjectRpcClient(tokenV1.TokensService) private readonly tokens: RpcClient<typeof tokenV1.TokensService>,
  ) {}

  @Post()
  @FormBody()
  async revoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const response = await this.tokens.revokeToken(clientRequestOf(request), callOptionsOf(request));
    if (response.error !== undefined) {
      return send(reply, oauthErrorAnswer(response.error, request.headers.authorization));
    }
    // Empty as the original's; client libraries refuse the answer of this endpoint when it is not called JSON.
    send(reply, unkeptAnswer(''));
  }
}
