import { RpcError, type tokenV1 } from '@castellan/rpc';
import type { HttpAnswer, HttpError } from '@castellan/service';

import { errorBody, OAUTH_JSON } from './token-answer.js';

/** Seconds after which a caller may try again when a service is away. */
const RETRY_AFTER = '2';

/** The error for a request that cannot be read. `hint` says what is wrong and is shown. */
export function invalidRequest(hint: string, status = 400): tokenV1.OAuth2Error {
  return {
    error: 'invalid_request',
    description:
      'The request is missing a required parameter, includes an invalid parameter value, includes a parameter more ' +
      'than once, or is otherwise malformed',
    status,
    hint,
  };
}

/**
 * What the caller of an OAuth 2.0 endpoint learns of an error that is no answer of the domain: a request that could
 * not be read, an outage, or a fault of ours, which is told without detail.
 */
export function oauthErrorOf(error: HttpError, thrown: unknown): tokenV1.OAuth2Error {
  if (isOutage(thrown) || error.statusCode === 429 || error.statusCode === 503) {
    return {
      error: 'temporarily_unavailable',
      description:
        'The authorization server is currently unable to handle the request due to a temporary overloading or ' +
        'maintenance of the server',
      status: isOutage(thrown) ? 503 : error.statusCode,
      hint: '',
    };
  }
  if (thrown instanceof RpcError && thrown.code === 'INVALID_ARGUMENT') {
    return invalidRequest('');
  }
  if (!(thrown instanceof RpcError) && error.statusCode >= 400 && error.statusCode <= 499) {
    return invalidRequest(error.message, error.statusCode);
  }
  return {
    error: 'server_error',
    description:
      'The authorization server encountered an unexpected condition that prevented it from fulfilling the request',
    status: 500,
    hint: '',
  };
}

function isOutage(thrown: unknown): boolean {
  const codes = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED'];
  return thrown instanceof RpcError && codes.includes(thrown.code);
}

/** Headers that an OAuth 2.0 error needs beside its body; `authorization` is the header that the caller sent. */
export function errorHeaders(error: tokenV1.OAuth2Error, authorization: string | undefined): Record<string, string> {
  return {
    ...(error.status === 503 || error.status === 429 ? { 'retry-after': RETRY_AFTER } : {}),
    ...(error.status === 401 && authorization !== undefined ? { 'www-authenticate': challenge(authorization) } : {}),
  };
}

/** RFC 6749 section 5.2: the challenge names the scheme that the caller used. */
function challenge(authorization: string): string {
  return /^bearer(?: |$)/i.test(authorization) ? 'Bearer error="invalid_token"' : 'Basic realm="castellan"';
}

/** The JSON answer of an OAuth 2.0 endpoint to an error (RFC 6749 section 5.2). */
export function oauthErrorAnswer(error: tokenV1.OAuth2Error, authorization: string | undefined): HttpAnswer {
  return {
    status: error.status,
    headers: {
      'content-type': OAUTH_JSON,
      'cache-control': 'no-store',
      pragma: 'no-cache',
      ...errorHeaders(error, authorization),
    },
    body: errorBody(error),
  };
}
