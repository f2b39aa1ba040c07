import { Req, Res } from '@nestjs/common';
import { wardenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { callOptionsOf, readBody, sendJson } from './admin-request.js';
import { ADMIN_ROUTES } from './routes.js';
import {
  allowedBodySchema,
  allowedJson,
  explanationJson,
  tokenAllowedBodySchema,
  tokenAllowedJson,
} from './warden-json.js';

/** Decisions of the Warden. A denial is an answer (200); an access request without a name in it is denied (rulings 39). */
@AdminController()
export class WardenController {
  constructor(
    @InjectRpcClient(wardenV1.WardenService) private readonly warden: RpcClient<typeof wardenV1.WardenService>,
  ) {}

  @Access(ADMIN_ROUTES.allowed)
  async allowed(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { subject, resource, action, context } = readBody(request, allowedBodySchema);
    if (!subject || !resource || !action) {
      return sendJson(reply, 200, allowedJson(false));
    }
    const decision = await this.warden.check(
      { subject, resource, action, context: context ?? undefined, anonymous: false },
      callOptionsOf(request),
    );
    sendJson(reply, 200, allowedJson(decision.allowed));
  }

  @Access(ADMIN_ROUTES.tokenAllowed)
  async tokenAllowed(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { token, scopes, audience, resource, action, context } = readBody(request, tokenAllowedBodySchema);
    if (!token || !resource || !action) {
      return sendJson(reply, 200, allowedJson(false));
    }
    const decision = await this.warden.checkToken(
      { token, scopes: scopes ?? [], audience: audience ?? undefined, resource, action, context: context ?? undefined },
      callOptionsOf(request),
    );
    sendJson(reply, 200, tokenAllowedJson(decision));
  }

  /** Says what led to a decision, to who may know the policies. Unlike the original's endpoints it refuses a nameless request. */
  @Access(ADMIN_ROUTES.explain)
  async explain(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { subject, resource, action, context } = readBody(request, allowedBodySchema);
    const explanation = await this.warden.explain(
      {
        check: {
          subject: subject ?? '',
          resource: resource ?? '',
          action: action ?? '',
          context: context ?? undefined,
          anonymous: false,
        },
        token: '',
      },
      callOptionsOf(request),
    );
    sendJson(reply, 200, explanationJson(explanation));
  }
}
