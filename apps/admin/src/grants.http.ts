import { Inject, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient, LOGGER, type Logger } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, queryParameter, sendNothing } from './admin-request.js';
import { ADMIN_ROUTES } from './routes.js';

/** What was granted to clients, with every token that came of it. */
@AdminController()
export class GrantsController {
  constructor(
    @InjectRpcClient(tokenV1.ClientsService) private readonly clients: RpcClient<typeof tokenV1.ClientsService>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Ends the grants of `client_id`, of `subject`, or of the subject at the client. */
  @Access(ADMIN_ROUTES.revokeGrants)
  async revoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const clientId = queryParameter(request, 'client_id') ?? '';
    const subject = queryParameter(request, 'subject') ?? '';
    if (clientId === '' && subject === '') {
      throw badRequest('The parameter client_id or subject is missing');
    }
    const { grants } = await this.clients.revokeGrants({ clientId, subject }, callOptionsOf(request));
    this.logger.info('Grants revoked', { client: clientId, subject, grants, request_id: request.id });
    sendNothing(reply);
  }
}
