import { RpcError } from '@castellan/rpc';
import { errorJson, HttpError, type HttpAnswer } from '@castellan/service';
import type { FastifyRequest } from 'fastify';

const ADMIN_PATH =
  /^\/(?:clients|initial-access-tokens|keys|rotation|policies|policy-imports|policy-export|resource-servers|grants|logout|warden|access|health\/stats)(?:[/?]|$)/;

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

/**
 * Renders what the services behind the admin API refuse in the admin API's words. Everything else has its form
 * already: the error JSON of the edge.
 */
export function renderAdminError(_error: HttpError, request: FastifyRequest, thrown: unknown): HttpAnswer | undefined {
  if (!(thrown instanceof RpcError) || !ADMIN_PATH.test(request.url)) {
    return undefined;
  }
  const { status, message } = refusalOf(thrown);
  const sentId = request.headers['x-request-id'] === request.id ? request.id : undefined;
  return {
    status,
    headers: status === 429 || status === 503 ? { 'retry-after': RETRY_AFTER } : {},
    body: errorJson(status, message, sentId),
  };
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
