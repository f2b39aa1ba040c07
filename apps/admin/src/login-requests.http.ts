import { Req, Res } from '@nestjs/common';
import { loginV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { callOptionsOf, readBody, sendJson } from './admin-request.js';
import {
  acceptLoginSchema,
  challengeOf,
  jsonText,
  refusalFromBody,
  rejectSchema,
  requestMembers,
  sendHandled,
} from './auth-request-json.js';
import { jsonObject } from './json.js';
import { ADMIN_ROUTES } from './routes.js';

/** Logins that wait for the login app. Members and codes are those of Hydra's SDKs. */
@AdminController()
export class LoginRequestsController {
  constructor(
    @InjectRpcClient(loginV1.LoginConsentService)
    private readonly loginConsent: RpcClient<typeof loginV1.LoginConsentService>,
  ) {}

  @Access(ADMIN_ROUTES.getLoginRequest)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request, 'login_challenge');
    const found = await this.loginConsent.getLoginRequest({ challenge }, callOptionsOf(request));
    if (found.handled !== undefined) return sendHandled(reply, found.handled);
    if (found.request === undefined) throw new Error('a login request without an outcome');
    sendJson(reply, 200, jsonObject(requestMembers(found.request, 'session_id')));
  }

  @Access(ADMIN_ROUTES.acceptLoginRequest)
  async accept(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request, 'login_challenge');
    const body = readBody(request, acceptLoginSchema);
    const { redirectTo } = await this.loginConsent.acceptLoginRequest(
      {
        challenge,
        subject: body.subject ?? '',
        remember: body.remember ?? false,
        rememberFor: body.remember_for ?? 0,
        extendSessionLifespan: body.extend_session_lifespan ?? false,
        acr: body.acr ?? '',
        amr: body.amr ?? [],
        forceSubjectIdentifier: body.force_subject_identifier ?? '',
        identityProviderSessionId: body.identity_provider_session_id ?? '',
        contextJson: jsonText(body.context),
      },
      callOptionsOf(request),
    );
    sendJson(reply, 200, JSON.stringify({ redirect_to: redirectTo }));
  }

  @Access(ADMIN_ROUTES.rejectLoginRequest)
  async reject(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request, 'login_challenge');
    const refusal = refusalFromBody(readBody(request, rejectSchema));
    const { redirectTo } = await this.loginConsent.rejectLoginRequest({ challenge, refusal }, callOptionsOf(request));
    sendJson(reply, 200, JSON.stringify({ redirect_to: redirectTo }));
  }
}
