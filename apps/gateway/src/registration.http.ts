import { Controller, Delete, Get, HttpCode, Post, Put, Req, Res } from '@nestjs/common';
import { openidV1, type RpcClient, type tokenV1 } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, send } from './answer.js';
import { oauthErrorAnswer } from './oauth-error.js';
import { OAUTH_JSON } from './token-answer.js';

/** The client registration and configuration endpoints (RFC 7591 section 3, RFC 7592 section 2). */
@Controller('oauth2/register')
export class RegistrationController {
  constructor(
    @InjectRpcClient(openidV1.RegistrationService)
    private readonly registration: RpcClient<typeof openidV1.RegistrationService>,
  ) {}

  @Post()
  async register(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const metadataJson = JSON.stringify(request.body ?? {});
    const answer = await this.registration.registerClient(
      { ...callerOf(request), metadataJson },
      callOptionsOf(request),
    );
    sendClient(reply, 201, answer);
  }

  @Get(':id')
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const answer = await this.registration.readRegistration(clientOf(request), callOptionsOf(request));
    sendClient(reply, 200, answer);
  }

  @Put(':id')
  async update(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const metadataJson = JSON.stringify(request.body ?? {});
    const answer = await this.registration.updateRegistration(
      { ...clientOf(request), metadataJson },
      callOptionsOf(request),
    );
    sendClient(reply, 200, answer);
  }

  @Delete(':id')
  @HttpCode(204)
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { error } = await this.registration.deleteRegistration(clientOf(request), callOptionsOf(request));
    if (error !== undefined) {
      return sendError(reply, error);
    }
    send(reply, { status: 204, headers: { 'cache-control': 'no-store' }, body: '' });
  }
}

function callerOf(request: FastifyRequest): { authorization: string } {
  return { authorization: request.headers.authorization ?? '' };
}

function clientOf(request: FastifyRequest): { authorization: string; clientId: string } {
  const clientId: unknown = Reflect.get(Object(request.params), 'id');
  return { ...callerOf(request), clientId: typeof clientId === 'string' ? clientId : '' };
}

function sendClient(
  reply: FastifyReply,
  status: number,
  { clientJson, error }: { clientJson?: string | undefined; error?: tokenV1.OAuth2Error | undefined },
): void {
  if (error !== undefined) {
    return sendError(reply, error);
  }
  if (clientJson === undefined) {
    throw new Error('a registration response without an outcome');
  }
  send(reply, {
    status,
    headers: { 'content-type': OAUTH_JSON, 'cache-control': 'no-store', pragma: 'no-cache' },
    body: clientJson,
  });
}

/** Tokens of registrations are bearer tokens (RFC 6750 section 3). */
function sendError(reply: FastifyReply, error: tokenV1.OAuth2Error): void {
  send(reply, oauthErrorAnswer(error, error.status === 401 ? 'Bearer' : undefined));
}
