import { Controller, Post, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { FormBody, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, clientRequestOf, send } from './answer.js';
import { oauthErrorAnswer } from './oauth-error.js';
import { introspectionBody, unkeptAnswer } from './token-answer.js';

/** The introspection endpoint (RFC 7662). */
@Controller('oauth2/introspect')
export class IntrospectionController {
  constructor(
    @InjectRpcClient(tokenV1.TokensService) private readonly tokens: RpcClient<typeof tokenV1.TokensService>,
  ) {}

  @Post()
  @FormBody()
  async introspect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const response = await this.tokens.introspectForCaller(clientRequestOf(request), callOptionsOf(request));
    if (response.error !== undefined) {
      return send(reply, oauthErrorAnswer(response.error, request.headers.authorization));
    }
    if (response.introspection === undefined) {
      throw new Error('an introspection response without an outcome');
    }
    send(reply, unkeptAnswer(introspectionBody(response.introspection)));
  }
}
