import { Req, Res } from '@nestjs/common';
import { loginV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, queryParameter, sendJson, sendNothing } from './admin-request.js';
import { consentJson } from './auth-request-json.js';
import { ADMIN_ROUTES } from './routes.js';

const usualPage = 250;
const longestPage = 500;

/** Login sessions and consents of users: listed and revoked. Parameters and members are those of Hydra's SDKs. */
@AdminController()
export class AuthSessionsController {
  constructor(
    @InjectRpcClient(loginV1.LoginConsentService)
    private readonly loginConsent: RpcClient<typeof loginV1.LoginConsentService>,
  ) {}

  @Access(ADMIN_ROUTES.listConsents)
  async listConsents(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const subject = subjectOf(request);
    const page = pageOf(request);
    const sessionId = queryParameter(request, 'login_session_id') ?? '';
    const { consents } = await this.loginConsent.listConsents({ subject, sessionId, ...page }, callOptionsOf(request));
    const last = consents.length === page.limit ? consents.at(-1)?.id : undefined;
    sendPage(request, reply, consents.map(consentJson), last);
  }

  /** Of a subject at one client or at all, or one consent; the tokens that came of it end too. */
  @Access(ADMIN_ROUTES.revokeConsents)
  async revokeConsents(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const subject = queryParameter(request, 'subject') ?? '';
    const clientId = queryParameter(request, 'client') ?? '';
    const id = queryParameter(request, 'consent_request_id') ?? '';
    const all = queryParameter(request, 'all') === 'true';
    if (subject === '' && id === '') throw badRequest('The parameter subject or consent_request_id is missing');
    if (subject !== '' && id === '' && clientId === '' && !all) {
      throw badRequest('The parameter client is missing; all=true revokes the consents for all clients');
    }
    await this.loginConsent.revokeConsents({ subject, clientId, id }, callOptionsOf(request));
    sendNothing(reply);
  }

  @Access(ADMIN_ROUTES.listLoginSessions)
  async listLoginSessions(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const page = pageOf(request);
    const { sessions } = await this.loginConsent.listLoginSessions(
      { subject: subjectOf(request), ...page },
      callOptionsOf(request),
    );
    const last = sessions.length === page.limit ? sessions.at(-1)?.id : undefined;
    sendPage(request, reply, sessions.map(loginSessionJson), last);
  }

  /** Of a subject, or one by its `sid`. Tokens stay, as in Hydra, unless `revoke_tokens=true` says otherwise. */
  @Access(ADMIN_ROUTES.revokeLoginSessions)
  async revokeLoginSessions(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const subject = queryParameter(request, 'subject') ?? '';
    const sessionId = queryParameter(request, 'sid') ?? '';
    if ((subject === '') === (sessionId === '')) throw badRequest('Either the parameter subject or sid is needed');
    const revokeTokens = queryParameter(request, 'revoke_tokens') === 'true';
    await this.loginConsent.revokeLoginSessions({ subject, sessionId, revokeTokens }, callOptionsOf(request));
    sendNothing(reply);
  }
}

function subjectOf(request: FastifyRequest): string {
  const subject = queryParameter(request, 'subject');
  if (subject === undefined) throw badRequest('The parameter subject is missing');
  return subject;
}

function pageOf(request: FastifyRequest): { readonly limit: number; readonly after: string } {
  const size = queryParameter(request, 'page_size') ?? String(usualPage);
  const limit = /^[0-9]{1,9}$/.test(size) ? Number(size) : 0;
  if (limit < 1) throw badRequest('The parameter page_size must be a number from 1');
  return { limit: Math.min(limit, longestPage), after: queryParameter(request, 'page_token') ?? '' };
}

/** A page; where there may be another, the Link header says where (RFC 8288). */
function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  entries: readonly string[],
  last: string | undefined,
): void {
  const headers: Record<string, string> = {};
  if (last !== undefined) {
    const url = new URL(request.url, 'http://localhost');
    url.searchParams.set('page_token', last);
    headers['link'] = `<${url.pathname}${url.search}>; rel="next"`;
  }
  sendJson(reply, 200, `[${entries.join(',')}]`, headers);
}

function loginSessionJson(session: loginV1.LoginSession): string {
  return JSON.stringify({
    id: session.id,
    subject: session.subject,
    authenticated_at: new Date(session.authTime * 1000).toISOString(),
    acr: session.acr,
    amr: session.amr,
    remember: session.remembered,
    created_at: new Date(session.createdAtMs).toISOString(),
    expires_at: new Date(session.expiresAtMs).toISOString(),
    client_ids: session.clientIds,
  });
}
