import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { FormBody, HttpError, InjectRpcClient, parseQueryParameters, type FormParameter } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { callOptionsOf, formParametersOf, send } from './answer.js';
import { errorPage } from './error-page.js';
import { formPostPage } from './form-post-page.js';
import { readFlowCookies, writeFlowCookie } from './flow-cookie.js';

/** The authorization endpoint (RFC 6749 section 3.1), which also takes the browser back from the consent app. */
@Controller('oauth2/auth')
export class AuthorizeController {
  constructor(
    @InjectRpcClient(tokenV1.AuthorizationService)
    private readonly authorization: RpcClient<typeof tokenV1.AuthorizationService>,
  ) {}

  @Get()
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // An authorization request is written down: HEAD, which may have no effect, cannot be one.
    if (request.method === 'HEAD') {
      throw new HttpError(405, 'Method not allowed', { headers: { allow: 'GET, POST' } });
    }
    await this.answer(request, reply, parseQueryParameters(request.url), 302);
  }

  /** 303, because the browser must not post the form once more to where it is sent (RFC 9700 section 4.12). */
  @Post()
  @FormBody()
  async post(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, formParametersOf(request), 303);
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    parameters: FormParameter[],
    redirectStatus: 302 | 303,
  ): Promise<void> {
    const response = await this.authorization.authorize(
      {
        parameters,
        cookies: readFlowCookies(request.headers.cookie),
        secure: request.secure,
        remoteAddress: request.clientAddress,
      },
      callOptionsOf(request),
    );
    const cookies = response.setCookies.map((cookie) => writeFlowCookie(cookie, request.secure));
    if (cookies.length > 0) {
      void reply.header('set-cookie', cookies);
    }
    const outcome = outcomeOf(response);
    switch (outcome.kind) {
      case 'redirect':
        return send(reply, {
          status: redirectStatus,
          headers: { location: outcome.location, 'cache-control': 'no-store' },
          body: '',
        });
      case 'form-post':
        return send(reply, formPostPage(outcome.form));
      case 'error-page':
        return send(reply, errorPage(outcome.error, request.headers.accept));
    }
  }
}

type Outcome =
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'form-post'; readonly form: tokenV1.FormPost }
  | { readonly kind: 'error-page'; readonly error: tokenV1.OAuth2Error };

/** The one arm of the response's `oneof`; a response with none is a fault. */
function outcomeOf(response: tokenV1.AuthorizeResponse): Outcome {
  const redirect = response.toConsent ?? response.toClient ?? response.errorToClient;
  if (redirect !== undefined) {
    return { kind: 'redirect', location: redirect.location };
  }
  if (response.formPost !== undefined) {
    return { kind: 'form-post', form: response.formPost };
  }
  if (response.errorPage !== undefined) {
    // To a browser every mistake in the request is 400; a 401 would ask for a password.
    const { status } = response.errorPage;
    return { kind: 'error-page', error: { ...response.errorPage, status: status >= 500 ? status : 400 } };
  }
  throw new Error('an authorization response without an outcome');
}
