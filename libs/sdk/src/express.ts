import { type AccessRule, checkBearer } from './bearer-access.js';
import type { WardenClient } from './warden-client.js';

type ExpressRequest = { readonly headers: { readonly authorization?: string | undefined } };
type ExpressResponse = {
  status(code: number): ExpressResponse;
  set(name: string, value: string): ExpressResponse;
  end(): unknown;
};

/** What `app.use` and routes of Express take. */
export type ExpressMiddleware = (request: ExpressRequest, response: ExpressResponse, next: () => void) => void;

/** Middleware of Express: what follows runs only for requests whose bearer the Warden allows. */
export function expressGuard<Request extends ExpressRequest>(
  warden: Pick<WardenClient, 'checkToken'>,
  rule: (request: Request) => AccessRule,
): ExpressMiddleware {
  return (request, response, next) => {
    void checkBearer(warden, request.headers.authorization, () => rule(request as Request)).then((outcome) => {
      if (outcome.allowed) return next();
      if (outcome.challenge !== undefined) response.set('WWW-Authenticate', outcome.challenge);
      response.status(outcome.status).end();
    });
  };
}
