import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { logoutV1, type RpcClient } from '@castellan/rpc';
import { FormBody, HttpError, InjectRpcClient, parseQueryParameters, type FormParameter } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, formParametersOf, send } from './answer.js';
import { errorPage } from './error-page.js';
import { readFlowCookies, writeFlowCookie } from './flow-cookie.js';
import { confirmLogoutPage, framesPage, loggedOutPage } from './logout-page.js';

/** The end session endpoint (OpenID Connect RP-Initiated Logout 1.0), and where a browser ends without a better place. */
@Controller('oauth2/sessions/logout')
export class LogoutController {
  constructor(
    @InjectRpcClient(logoutV1.LogoutService) private readonly logout: RpcClient<typeof logoutV1.LogoutService>,
  ) {}

  @Get()
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // A logout request is written down: HEAD, which may have no effect, cannot be one.
    if (request.method === 'HEAD') {
      throw new HttpError(405, 'Method not allowed', { headers: { allow: 'GET, POST' } });
    }
    await this.answer(request, reply, false, parseQueryParameters(request.url));
  }

  @Post()
  @FormBody()
  async post(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, true, formParametersOf(request));
  }

  @Get('done')
  done(@Res() reply: FastifyReply): void {
    send(reply, loggedOutPage());
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    posted: boolean,
    parameters: FormParameter[],
  ): Promise<void> {
    const { secure } = request;
    const cookies = readFlowCookies(request.headers.cookie);
    const response = await this.logout.endSession({ posted, parameters, cookies, secure }, callOptionsOf(request));
    const written = response.setCookies.map((cookie) => writeFlowCookie(cookie, secure));
    if (written.length > 0) void reply.header('set-cookie', written);
    const { redirect, confirm, loggedOut, errorPage: error } = response;
    if (error !== undefined) {
      // To a browser every mistake in the request is 400; a 401 would ask for a password.
      const status = error.status >= 500 ? error.status : 400;
      return send(reply, errorPage({ ...error, status }, request.headers.accept, 'The logout request failed'));
    }
    if (confirm !== undefined) return send(reply, confirmLogoutPage(confirm.challenge));
    if (loggedOut !== undefined && (posted || loggedOut.frames.length > 0)) return send(reply, framesPage(loggedOut));
    const location = redirect?.location ?? loggedOut?.location;
    if (location === undefined) throw new Error('a logout response without an outcome');
    // 303, because the browser must not post the form once more to where it is sent.
    send(reply, { status: posted ? 303 : 302, headers: { location, 'cache-control': 'no-store' }, body: '' });
  }
}
