import { Req, Res } from '@nestjs/common';
import { loginV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Access, AdminController } from './access.guard.js';
import { callOptionsOf, pathParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import {
  acceptConsentSchema,
  challengeOf,
  consentRequestJson,
  jsonText,
  refusalFromBody,
  rejectSchema,
  sendHandled,
} from './auth-request-json.js';
import { jsonObject, listSchema, objectSchema, textSchema } from './json.js';
import { ADMIN_ROUTES } from './routes.js';

export const acceptLevel2Schema = z.object({
  accessTokenExtra: objectSchema.nullish(),
  idTokenExtra: objectSchema.nullish(),
  subject: textSchema,
  grantScopes: listSchema,
});
export const rejectLevel2Schema = z.object({ reason: textSchema });

/** Consents that wait for the consent app. Members and codes are those of Hydra's SDKs. */
@AdminController()
export class ConsentRequestsController {
  constructor(
    @InjectRpcClient(loginV1.LoginConsentService)
    private readonly loginConsent: RpcClient<typeof loginV1.LoginConsentService>,
  ) {}

  @Access(ADMIN_ROUTES.getConsentRequest)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request, 'consent_challenge');
    const found = await this.loginConsent.getConsentRequest({ challenge, level2: false }, callOptionsOf(request));
    if (found.handled !== undefined) return sendHandled(reply, found.handled);
    if (found.request?.request === undefined) throw new Error('a consent request without an outcome');
    sendJson(reply, 200, consentRequestJson(found.request, found.request.request));
  }

  @Access(ADMIN_ROUTES.acceptConsentRequest)
  async accept(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request, 'consent_challenge');
    const body = readBody(request, acceptConsentSchema);
    const { redirectTo } = await this.loginConsent.acceptConsentRequest(
      {
        challenge,
        grantScope: body.grant_scope ?? [],
        grantAudience: body.grant_access_token_audience ?? [],
        accessTokenJson: jsonText(body.session?.access_token),
        idTokenJson: jsonText(body.session?.id_token),
        remember: body.remember ?? false,
        rememberFor: body.remember_for ?? 0,
        contextJson: jsonText(body.context),
        level2: false,
        subject: '',
      },
      callOptionsOf(request),
    );
    sendJson(reply, 200, JSON.stringify({ redirect_to: redirectTo }));
  }

  @Access(ADMIN_ROUTES.rejectConsentRequest)
  async reject(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = challengeOf(request, 'consent_challenge');
    const refusal = refusalFromBody(readBody(request, rejectSchema));
    const { redirectTo } = await this.loginConsent.rejectConsentRequest(
      { challenge, refusal, level2: false },
      callOptionsOf(request),
    );
    sendJson(reply, 200, JSON.stringify({ redirect_to: redirectTo }));
  }

  /** The consent request of Hydra 0.10 and 0.11, which knows where the browser goes before there is a decision. */
  @Access(ADMIN_ROUTES.getLevel2ConsentRequest)
  async getLevel2(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const challenge = pathParameter(request, 'id');
    const found = await this.loginConsent.getConsentRequest({ challenge, level2: true }, callOptionsOf(request));
    if (found.handled !== undefined) return sendHandled(reply, found.handled);
    const pending = found.request?.request;
    if (found.request === undefined || pending === undefined) throw new Error('a consent request without an outcome');
    sendJson(
      reply,
      200,
      jsonObject([
        ['id', JSON.stringify(pending.challenge)],
        ['requestedScopes', JSON.stringify(pending.requestedScope)],
        ['clientId', JSON.stringify(pending.client?.id ?? '')],
        ['expiresAt', JSON.stringify(new Date(pending.expiresAtMs).toISOString())],
        ['redirectUrl', JSON.stringify(found.request.redirectTo)],
      ]),
    );
  }

  @Access(ADMIN_ROUTES.acceptLevel2ConsentRequest)
  async acceptLevel2(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, acceptLevel2Schema);
    await this.loginConsent.acceptConsentRequest(
      {
        challenge: pathParameter(request, 'id'),
        grantScope: body.grantScopes ?? [],
        grantAudience: [],
        accessTokenJson: jsonText(body.accessTokenExtra),
        idTokenJson: jsonText(body.idTokenExtra),
        remember: false,
        rememberFor: 0,
        contextJson: '',
        level2: true,
        subject: body.subject ?? '',
      },
      callOptionsOf(request),
    );
    sendNothing(reply);
  }

  @Access(ADMIN_ROUTES.rejectLevel2ConsentRequest)
  async rejectLevel2(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { reason } = readBody(request, rejectLevel2Schema);
    const refusal = refusalFromBody({ error_description: reason });
    const challenge = pathParameter(request, 'id');
    await this.loginConsent.rejectConsentRequest({ challenge, refusal, level2: true }, callOptionsOf(request));
    sendNothing(reply);
  }
}
