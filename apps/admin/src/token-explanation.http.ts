import { Inject, Req, Res } from '@nestjs/common';
import { type CallOptions, type RpcClient, explanationV1, wardenV1 } from '@castellan/rpc';
import { InjectRpcClient, LOGGER, type Logger } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, readBody, sendJson } from './admin-request.js';
import { ADMIN_ROUTES } from './routes.js';
import { tokenExplainBodySchema, tokenExplanationJson, type TriedAccess } from './token-explanation-json.js';

/** Says everything about a token, to who may look behind both tokens and policies. */
@AdminController()
export class TokenExplanationController {
  constructor(
    @InjectRpcClient(explanationV1.TokenExplanationsService)
    private readonly explanations: RpcClient<typeof explanationV1.TokenExplanationsService>,
    @InjectRpcClient(wardenV1.WardenService) private readonly warden: RpcClient<typeof wardenV1.WardenService>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Access(ADMIN_ROUTES.explainToken)
  async explain(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, tokenExplainBodySchema);
    if (!body.token) throw badRequest('The member token is missing');
    if (Boolean(body.action) !== Boolean(body.resource)) {
      throw badRequest('action and resource come together');
    }
    const options = callOptionsOf(request);
    const explained = await this.explanations.explainToken({ token: body.token }, options);
    const tried = await this.tryAccess(explained.token?.subject ?? '', body, options);
    // Who asked is in the Warden's log of decisions, under the same request id.
    this.logger.info('Token explained', {
      type: explained.type,
      client: explained.token?.clientId ?? '',
      family: explained.token?.family?.id ?? '',
      valid: explained.valid,
      request_id: request.id,
    });
    sendJson(reply, 200, tokenExplanationJson(explained, tried));
  }

  /** Nobody can be asked about where the token's subject is not known. */
  private async tryAccess(
    subject: string,
    { action, resource, scopes, context }: z.infer<typeof tokenExplainBodySchema>,
    options: CallOptions,
  ): Promise<TriedAccess | undefined> {
    if (!action || !resource || subject === '') return undefined;
    const check = { subject, resource, action, context: context ?? undefined, anonymous: false };
    const explanation = await this.warden.explain({ check, token: '' }, options);
    return { action, resource, scopes: scopes ?? [], explanation };
  }
}
