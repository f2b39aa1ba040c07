import { Inject, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { FormBody, InjectRpcClient, LOGGER, type Logger } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, queryParameter, readForm, sendJson, sendNothing } from './admin-request.js';
import { inspectionJson } from './inspection-json.js';
import { ADMIN_ROUTES } from './routes.js';

/** Form of POST `/admin/oauth2/introspect`: the token, and scopes that it must have to be active. */
export const introspectionFormSchema = z.object({ token: z.string(), scope: z.string().optional() });

/** Tokens, as the SDKs of Hydra since 2.0 ask about them and end them. */
@AdminController()
export class AdminTokensController {
  constructor(
    @InjectRpcClient(tokenV1.TokensService) private readonly tokens: RpcClient<typeof tokenV1.TokensService>,
    @InjectRpcClient(tokenV1.ClientsService) private readonly clients: RpcClient<typeof tokenV1.ClientsService>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Introspection (RFC 7662) of access and refresh tokens. Whatever is not active is `{"active":false}`. */
  @Access(ADMIN_ROUTES.introspectOAuth2Token)
  @FormBody()
  async introspect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { token, scope = '' } = readForm(request, introspectionFormSchema);
    const scopes = scope.split(' ').filter((each) => each !== '');
    const inspected = await this.tokens.inspectToken({ token, scopes }, callOptionsOf(request));
    sendJson(reply, 200, inspectionJson(inspected));
  }

  /** Ends every grant of the client, and what it got for itself. */
  @Access(ADMIN_ROUTES.deleteOAuth2Token)
  async deleteTokens(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const clientId = queryParameter(request, 'client_id') ?? '';
    if (clientId === '') {
      throw badRequest('The parameter client_id is missing');
    }
    const { grants } = await this.clients.revokeGrants({ clientId, subject: '' }, callOptionsOf(request));
    this.logger.info('Grants revoked', { client: clientId, subject: '', grants, request_id: request.id });
    sendNothing(reply);
  }
}
