import { type AccessRule, checkBearer } from './bearer-access.js';
import type { WardenClient } from './warden-client.js';

type FastifyRequest = { readonly headers: { readonly authorization?: string | undefined } };
type FastifyReply = {
  code(status: number): FastifyReply;
  header(name: string, value: string): FastifyReply;
  send(): FastifyReply;
};

/** What `preHandler` and `onRequest` of a Fastify route take. */
export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Hook of Fastify: the route runs only for requests whose bearer the Warden allows. */
export function fastifyGuard<Request extends FastifyRequest>(
  warden: Pick<WardenClient, 'checkToken'>,
  rule: (request: Request) => AccessRule | Promise<AccessRule>,
): FastifyHook {
  return async (request, reply) => {
    const outcome = await checkBearer(warden, request.headers.authorization, () => rule(request as Request));
    if (outcome.allowed) return undefined;
    if (outcome.challenge !== undefined) reply.header('www-authenticate', outcome.challenge);
    return reply.code(outcome.status).send();
  };
}
