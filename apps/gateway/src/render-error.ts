import type { HttpAnswer, HttpError } from '@castellan/service';
import type { FastifyRequest } from 'fastify';

import { errorPage } from './error-page.js';
import { oauthErrorAnswer, oauthErrorOf } from './oauth-error.js';

const OAUTH_PATH =
  /^\/(?:oauth2\/(?:token|introspect|revoke|register(?:\/[^/?]*)?)|userinfo|\.well-known\/[a-z.-]+)(?:\?|$)/;
const AUTHORIZATION_PATH = /^\/oauth2\/auth(?:\?|$)/;
const LOGOUT_PATH = /^\/oauth2\/sessions\/logout(?:\?|$)/;

/**
 * Renders what goes wrong at the public endpoints in their own form: an OAuth 2.0 error as JSON, and at the
 * authorization endpoint, where a browser waits, as a page. Other paths are not ours to render.
 */
export function renderGatewayError(error: HttpError, request: FastifyRequest, thrown: unknown): HttpAnswer | undefined {
  if (request.is404 && error.statusCode === 404) {
    return undefined;
  }
  if (AUTHORIZATION_PATH.test(request.url)) {
    return errorPage(oauthErrorOf(error, thrown), request.headers.accept);
  }
  if (LOGOUT_PATH.test(request.url)) {
    return errorPage(oauthErrorOf(error, thrown), request.headers.accept, 'The logout request failed');
  }
  if (OAUTH_PATH.test(request.url)) {
    return oauthErrorAnswer(oauthErrorOf(error, thrown), request.headers.authorization);
  }
  return undefined;
}
