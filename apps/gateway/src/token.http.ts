import { Controller, Post, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { FormBody, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, clientRequestOf, send } from './answer.js';
import { oauthErrorAnswer } from './oauth-error.js';
import { tokensBody, unkeptAnswer } from './token-answer.js';

/** The token endpoint (RFC 6749 section 3.2). Parameters count in the form body only, never in the query. */
@Controller('oauth2/token')
export class TokenController {
  constructor(
    @InjectRpcClient(tokenV1.TokensService) private readonly tokens: RpcClient<typeof tokenV1.TokensService>,
  ) {}

  @Post()
  @FormBody()
  async issue(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const response = await this.tokens.issueToken(clientRequestOf(request), callOptionsOf(request));
    if (response.error !== undefined) {
      return send(reply, oauthErrorAnswer(response.error, request.headers.authorization));
    }
    if (response.tokens === undefined) {
      throw new Error('a token response without an outcome');
    }
    send(reply, unkeptAnswer(tokensBody(response.tokens)));
  }
}
