import { Req, Res } from '@nestjs/common';
import { tokenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { notFound } from './admin-error.js';
import { callOptionsOf, pathParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { resourceServerBodySchema, resourceServerFromBody, resourceServerJson } from './resource-server-json.js';
import { ADMIN_ROUTES } from './routes.js';

/** Resource servers: for whom tokens are issued, and what those are like. */
@AdminController()
export class ResourceServersController {
  constructor(
    @InjectRpcClient(tokenV1.ClientsService) private readonly clients: RpcClient<typeof tokenV1.ClientsService>,
  ) {}

  @Access(ADMIN_ROUTES.listResourceServers)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { servers } = await this.clients.listResourceServers({}, callOptionsOf(request));
    sendJson(reply, 200, `[${servers.map(resourceServerJson).join(',')}]`);
  }

  @Access(ADMIN_ROUTES.putResourceServer)
  async put(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const server = resourceServerFromBody(readBody(request, resourceServerBodySchema), pathParameter(request, 'id'));
    const stored = await this.clients.putResourceServer({ server }, callOptionsOf(request));
    if (stored.server === undefined) {
      throw notFound();
    }
    sendJson(reply, 200, resourceServerJson(stored.server));
  }

  @Access(ADMIN_ROUTES.deleteResourceServer)
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.clients.deleteResourceServer({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendNothing(reply);
  }
}
