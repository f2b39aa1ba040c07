import { type CanActivate, type ExecutionContext, HttpException } from '@nestjs/common';
import { type AccessRule, checkBearer } from './bearer-access.js';
import type { WardenClient } from './warden-client.js';

type HttpRequest = { readonly headers: { readonly authorization?: string | undefined } };
type HttpResponse = { header(name: string, value: string): unknown };

/** Guard of Nest for `@UseGuards`, on Fastify and Express: handlers run only where the Warden allows the bearer. */
export function nestGuard<Request extends HttpRequest>(
  warden: Pick<WardenClient, 'checkToken'>,
  rule: (request: Request) => AccessRule | Promise<AccessRule>,
): CanActivate {
  return {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp();
      const request = http.getRequest<Request>();
      const outcome = await checkBearer(warden, request.headers.authorization, () => rule(request));
      if (outcome.allowed) return true;
      if (outcome.challenge !== undefined) {
        http.getResponse<HttpResponse>().header('WWW-Authenticate', outcome.challenge);
      }
      throw new HttpException('', outcome.status);
    },
  };
}
