import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { openidV1, type RpcClient, type tokenV1 } from '@castellan/rpc';
import { FormBody, InjectRpcClient, type FormParameter } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, formParametersOf, send } from './answer.js';
import { oauthErrorAnswer } from './oauth-error.js';
import { OAUTH_JSON } from './token-answer.js';

/** The UserInfo endpoint (OpenID Connect Core section 5.3). A token in the query is not read (RFC 6750 section 2.3). */
@Controller('userinfo')
export class UserinfoController {
  constructor(
    @InjectRpcClient(openidV1.OpenIdService) private readonly openid: RpcClient<typeof openidV1.OpenIdService>,
  ) {}

  @Get()
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, []);
  }

  @Post()
  @FormBody()
  async post(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, formParametersOf(request));
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, parameters: FormParameter[]): Promise<void> {
    const { authorization = '' } = request.headers;
    const { claimsJson, jwt, error } = await this.openid.userinfo(
      { authorization, parameters },
      callOptionsOf(request),
    );
    if (error !== undefined) {
      const answer = oauthErrorAnswer(error, undefined);
      return send(reply, {
        ...answer,
        headers: { ...answer.headers, 'www-authenticate': bearerChallenge(error, authorization) },
      });
    }
    const body = claimsJson ?? jwt;
    if (body === undefined) {
      throw new Error('a userinfo response without an outcome');
    }
    const type = jwt === undefined ? OAUTH_JSON : 'application/jwt';
    send(reply, {
      status: 200,
      headers: { 'content-type': type, 'cache-control': 'no-store', pragma: 'no-cache' },
      body,
    });
  }
}

/** RFC 6750 section 3: who sent no token is told no error, only how to authenticate. */
function bearerChallenge({ error, status }: tokenV1.OAuth2Error, authorization: string): string {
  if (status === 401 && authorization === '') {
    return 'Bearer realm="castellan"';
  }
  return `Bearer realm="castellan", error="${error}"${error === 'insufficient_scope' ? ', scope="openid"' : ''}`;
}
