import { Req, Res } from '@nestjs/common';
import { openidV1, type RpcClient } from '@castellan/rpc';
import { durationSchema, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Access, AdminController } from './access.guard.js';
import { callOptionsOf, readBody, sendJson } from './admin-request.js';
import { ADMIN_ROUTES } from './routes.js';

const DEFAULT_USES = 1;
const DEFAULT_LIFETIME_MS = 24 * 3_600_000;

/** Body of POST `/initial-access-tokens`; a lifetime as Go writes it (`24h`). */
export const initialAccessTokenBodySchema = z.object({
  uses: z.number().int().nullish(),
  lifetime: durationSchema.nullish(),
});

/** Initial access tokens, with which others register clients (RFC 7591 section 1.2). */
@AdminController()
export class InitialAccessTokensController {
  constructor(
    @InjectRpcClient(openidV1.RegistrationService)
    private readonly registration: RpcClient<typeof openidV1.RegistrationService>,
  ) {}

  @Access(ADMIN_ROUTES.createInitialAccessToken)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, initialAccessTokenBodySchema);
    const uses = body.uses ?? DEFAULT_USES;
    const lifetimeMs = Math.round(body.lifetime ?? DEFAULT_LIFETIME_MS);
    const { token } = await this.registration.createInitialAccessToken({ uses, lifetimeMs }, callOptionsOf(request));
    sendJson(reply, 201, JSON.stringify({ token, uses, expires_in: Math.floor(lifetimeMs / 1000) }));
  }
}
