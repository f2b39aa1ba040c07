import { Controller, Post, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { FormBody, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, formParametersOf, send } from './answer.js';
import { oauthErrorAnswer } from './oauth-error.js';
import { OAUTH_JSON, tokensBody } from './token-answer.js';

/** The token endpoint (RFC 6749 section 3.2). Parameters count in the form body only, never in the query. */
@Controller('oauth2/token')
export class TokenController {
  constructor(
    @InjectRpcClient(tokenV1.TokensService) private readonly tokens: RpcClient<typeof tokenV1.TokensService>,
  ) {}

  @Post()
  @FormBody()
  async issue(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { authorization } = request.headers;
    const response = await this.tokens.issueToken(
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
    if (response.tokens === undefined) {
      throw new Error('a token response without an outcome');
    }
    send(reply, {
      status: 200,
      headers: { 'content-type': OAUTH_JSON, 'cache-control': 'no-store', pragma: 'no-cache' },
      body: tokensBody(response.tokens),
    });
  }
}
