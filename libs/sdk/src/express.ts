import { type AccessOutcome, type AccessRule, checkBearer } from './bearer-access.js';
import type { WardenClient } from './warden-client.js';

type ExpressRequest = { readonly headers: { readonly authorization?: string | undefined } };
type ExpressResponse = {
  status(code: number): ExpressResponse;
  set(name: string, value: string): ExpressResponse;
  end(): unknown;
};

/** What `app.use` and routes of Express take. */
export type ExpressMiddleware = (
  request: ExpressRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Middleware of Express: what follows runs only for requests whose bearer the Warden allows. An answer that cannot be sent
 * is an error of the request; what follows does not run.
 */
export function expressGuard<Request extends ExpressRequest>(
  warden: Pick<WardenClient, 'checkToken'>,
  rule: (request: Request) => AccessRule | Promise<AccessRule>,
): ExpressMiddleware {
  return (request, response, next) => {
    checkBearer(warden, request.headers.authorization, () => rule(request as Request)).then((outcome) => {
      if (outcome.allowed) return next();
      try {
        refuse(response, outcome);
      } catch (error) {
        next(error ?? new Error('the refusal could not be sent'));
      }
    }, next);
  };
}

function refuse(response: ExpressResponse, { status, challenge }: Extract<AccessOutcome, { allowed: false }>): void {
  if (challenge !== undefined) response.set('WWW-Authenticate', challenge);
  response.status(status).end();
}
