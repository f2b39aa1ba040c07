import { Inject, Req, Res } from '@nestjs/common';
import { logoutV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient, LOGGER, type Logger } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, queryParameter, sendJson, sendNothing } from './admin-request.js';
import { jsonObject } from './json.js';
import { ADMIN_ROUTES } from './routes.js';
import { hydraClientJson } from './hydra-client-json.js';

/** Logouts that wait for the user's word, for the app that asks. Members and codes are those of Hydra's SDKs. */
@AdminController()
export class LogoutRequestsController {
  constructor(
    @InjectRpcClient(logoutV1.LogoutService) private readonly logout: RpcClient<typeof logoutV1.LogoutService>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** 410 when it was decided: the browser can start anew where that says. */
  @Access(ADMIN_ROUTES.getLogoutRequest)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request);
    const { request: found, handledRedirectTo } = await this.logout.getLogoutRequest(
      { challenge },
      callOptionsOf(request),
    );
    if (handledRedirectTo !== undefined) {
      return sendJson(reply, 410, JSON.stringify({ redirect_to: handledRedirectTo }));
    }
    if (found === undefined) throw new Error('a logout request without an outcome');
    sendJson(reply, 200, logoutRequestJson(found));
  }

  @Access(ADMIN_ROUTES.acceptLogoutRequest)
  async accept(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request);
    const { redirectTo } = await this.logout.acceptLogoutRequest({ challenge }, callOptionsOf(request));
    this.logger.info('A logout was accepted', { request_id: request.id });
    sendJson(reply, 200, JSON.stringify({ redirect_to: redirectTo }));
  }

  @Access(ADMIN_ROUTES.rejectLogoutRequest)
  async reject(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.logout.rejectLogoutRequest({ challenge: challengeOf(request) }, callOptionsOf(request));
    this.logger.info('A logout was rejected', { request_id: request.id });
    sendNothing(reply);
  }
}

function challengeOf(request: FastifyRequest): string {
  const challenge = queryParameter(request, 'logout_challenge');
  if (challenge === undefined) throw badRequest('The parameter logout_challenge is missing');
  return challenge;
}

/** Times as RFC 3339. */
function logoutRequestJson(found: logoutV1.LogoutRequest): string {
  return jsonObject([
    ['challenge', JSON.stringify(found.challenge)],
    ['subject', JSON.stringify(found.subject)],
    ['sid', JSON.stringify(found.sid)],
    ['request_url', JSON.stringify(found.requestUrl)],
    ['rp_initiated', JSON.stringify(found.rpInitiated)],
    ['requested_at', time(found.requestedAtMs)],
    ['expires_at', time(found.expiresAtMs)],
    ['client', found.client === undefined ? undefined : hydraClientJson(found.client)],
  ]);
}

function time(ms: number): string {
  return JSON.stringify(new Date(ms).toISOString());
}
