import { RpcError } from '@castellan/rpc';
import { errorJson, HttpError, type HttpAnswer } from '@castellan/service';
import type { FastifyRequest } from 'fastify';

import { authzenPath, requestIdHeader } from './authzen-json.js';

const ADMIN_PATH =
  /^\/(?:clients|initial-access-tokens|keys|key-imports|rotation|policies|policy-imports|policy-export|resource-servers|grants|token|logout|(?:admin\/)?oauth2\/auth\/(?:requests|sessions)|oauth2\/consent\/requests|warden|access|health\/stats)(?:[/?]|$)/;

/** Seconds after which a caller may try again when a service is away. */
const RETRY_AFTER = '2';

/** What a request that cannot be understood is answered with. */
export function badRequest(message: string): HttpError {
  return new HttpError(400, message);
}

/** What an object that does not exist is answered with. */
export function notFound(): HttpError {
  return new HttpError(404, 'Not found');
}

/** Paths of the admin API as Hydra has it since 2.0, and those of 1.x that have no prefix. */
const PREFIXED_PATH = /^\/(?:admin|oauth2\/auth\/(?:requests|sessions))(?:[/?]|$)/;

/** Whether errors at a path have the form that Hydra's SDKs since 2.0 read. */
export function hasPrefixedErrors(path: string): boolean {
  return PREFIXED_PATH.test(path);
}

/**
 * Renders what the services behind the admin API refuse in the admin API's words. What else goes wrong has its form
 * already, the error JSON of the edge; below `/admin` everything has the form that Hydra's SDKs read.
 */
export function renderAdminError(error: HttpError, request: FastifyRequest, thrown: unknown): HttpAnswer | undefined {
  if (authzenPath.test(request.url)) {
    return renderAuthzenError(error, request, thrown);
  }
  const prefixed = hasPrefixedErrors(request.url);
  if (!prefixed && !(thrown instanceof RpcError && ADMIN_PATH.test(request.url))) {
    return undefined;
  }
  const { status, message } =
    thrown instanceof RpcError ? refusalOf(thrown) : { status: error.statusCode, message: error.message };
  const sentId = request.headers['x-request-id'] === request.id ? request.id : undefined;
  return {
    status,
    headers: status === 429 || status === 503 ? { 'retry-after': RETRY_AFTER } : {},
    body: prefixed ? oauthErrorJson(status, message, sentId) : errorJson(status, message, sentId),
  };
}

/** AuthZEN section 10.1.2: whatever is wrong with a body is 400, and a request's own ID goes back with every response. */
function renderAuthzenError(error: HttpError, request: FastifyRequest, thrown: unknown): HttpAnswer {
  const { status: code, message } =
    thrown instanceof RpcError ? refusalOf(thrown) : { status: error.statusCode, message: error.message };
  const status = code === 415 ? 400 : code;
  const id = requestIdHeader(request);
  return {
    status,
    headers: { ...id, ...(status === 429 || status === 503 ? { 'retry-after': RETRY_AFTER } : {}) },
    body: errorJson(status, message, id['x-request-id']),
  };
}

const ERROR_CODES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request'],
  [401, 'request_unauthorized'],
  [403, 'request_forbidden'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [409, 'conflict'],
  [412, 'precondition_failed'],
  [429, 'too_many_requests'],
  [503, 'temporarily_unavailable'],
]);

/** An error as the SDKs of Hydra since 2.0 read it. */
function oauthErrorJson(status: number, message: string, requestId: string | undefined): string {
  const error = ERROR_CODES.get(status) ?? (status < 500 ? 'invalid_request' : 'server_error');
  const request = requestId === undefined ? {} : { request_id: requestId };
  return `${JSON.stringify({ error, error_description: message, status_code: status, ...request })}\n`;
}

function refusalOf(error: RpcError): { readonly status: number; readonly message: string } {
  switch (error.code) {
    case 'INVALID_ARGUMENT':
      return { status: 400, message: error.message };
    case 'NOT_FOUND':
      return { status: 404, message: 'Not found' };
    case 'ALREADY_EXISTS':
    case 'FAILED_PRECONDITION':
    case 'ABORTED':
      return { status: 409, message: error.message };
    // The peer tables answer so too, and name our services; nobody outside needs to know them.
    case 'PERMISSION_DENIED':
      return { status: 403, message: 'The request is not allowed' };
    case 'RESOURCE_EXHAUSTED':
      return { status: 429, message: 'Too many requests' };
    case 'UNAVAILABLE':
    case 'DEADLINE_EXCEEDED':
      return { status: 503, message: 'The service is not available at the moment' };
    case 'UNAUTHENTICATED':
    case 'INTERNAL':
    case 'UNIMPLEMENTED':
      return { status: 500, message: 'Internal server error' };
  }
}
