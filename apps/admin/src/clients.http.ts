import { Inject, Req, Res } from '@nestjs/common';
import { tokenV1, wardenV1, type RpcClient } from '@castellan/rpc';
import { HttpError, InjectRpcClient, LOGGER, type Logger } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { unlessAbsent } from './access-facts.js';
import { Access, AdminController } from './access.guard.js';
import { badRequest, notFound } from './admin-error.js';
import { callOptionsOf, pathParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { rotationBodySchema } from './client-keys-json.js';
import { clientBodySchema, clientFromBody, clientJson, clientsJson } from './client-json.js';
import { ADMIN_ROUTES } from './routes.js';
import { createUnshared } from './unshared-id.js';

/** OAuth 2.0 clients. */
@AdminController()
export class ClientsController {
  constructor(
    @InjectRpcClient(tokenV1.ClientsService) private readonly clients: RpcClient<typeof tokenV1.ClientsService>,
    @InjectRpcClient(wardenV1.GroupsService) private readonly groups: RpcClient<typeof wardenV1.GroupsService>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Access(ADMIN_ROUTES.listClients)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { clients } = await this.clients.listClients({ limit: 0, after: '' }, callOptionsOf(request));
    sendJson(reply, 200, clientsJson(clients));
  }

  @Access(ADMIN_ROUTES.createClient)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, clientBodySchema);
    const client = clientFromBody(body, body.id ?? '');
    const created = await createUnshared({
      refuseTaken: () => refuseGroupId(this.groups, client.id, request),
      create: () =>
        this.clients.createClient({ client, clientSecret: body.client_secret ?? '' }, callOptionsOf(request)),
      withdraw: () => this.clients.deleteClient({ id: client.id }, callOptionsOf(request)),
    });
    const stored = present(created.client);
    this.warn(reply, stored.id, created.warnings);
    sendJson(reply, 201, clientJson(stored, created.clientSecret), {
      location: `/clients/${encodeURIComponent(stored.id)}`,
    });
  }

  @Access(ADMIN_ROUTES.getClient)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { client } = await this.clients.getClient({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendJson(reply, 200, clientJson(present(client)));
  }

  /** 201 is what the clients of the original know (D5); a secret is never in the answer. */
  @Access(ADMIN_ROUTES.updateClient)
  async update(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const id = pathParameter(request, 'id');
    const body = readBody(request, clientBodySchema);
    if (body.id && body.id !== id) {
      throw badRequest('Payload ID does not match ID from URL');
    }
    const updated = await this.clients.updateClient(
      { client: clientFromBody(body, id), clientSecret: body.client_secret ?? '' },
      callOptionsOf(request),
    );
    this.warn(reply, id, updated.warnings);
    sendJson(reply, 201, clientJson(present(updated.client)), { location: `/clients/${encodeURIComponent(id)}` });
  }

  /** Two secrets live side by side until the overlap is over (RFC 7591 section 3.2.1). */
  @Access(ADMIN_ROUTES.rotateClientSecret)
  async rotateSecret(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const id = pathParameter(request, 'id');
    const body = readBody(request, rotationBodySchema);
    const rotated = await this.clients.rotateClientSecret(
      {
        id,
        clientSecret: body.client_secret ?? '',
        overlapMs: body.overlap ?? 0,
        lifetimeMs: body.lifetime ?? 0,
      },
      callOptionsOf(request),
    );
    this.warn(reply, id, rotated.warnings);
    sendJson(reply, 200, clientJson(present(rotated.client), rotated.clientSecret));
  }

  @Access(ADMIN_ROUTES.deleteClient)
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.clients.deleteClient({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendNothing(reply);
  }

  private warn(reply: FastifyReply, client: string, warnings: readonly string[]): void {
    warnOperator({ reply, logger: this.logger }, client, warnings);
  }
}

/** The client of an answer that must hold one. */
export function present(client: tokenV1.Client | undefined): tokenV1.Client {
  if (client === undefined) {
    throw notFound();
  }
  return client;
}

/** Subjects are raw strings: a client named like a group would inherit its rights (rulings 38). */
export async function refuseGroupId(
  groups: Pick<RpcClient<typeof wardenV1.GroupsService>, 'getGroup'>,
  id: string,
  request: FastifyRequest,
): Promise<void> {
  if (id !== '' && (await unlessAbsent(groups.getGroup({ id }, callOptionsOf(request)))) !== undefined) {
    throw new HttpError(409, 'The ID is taken by a group');
  }
}

/** Passes warnings about a client on to the operator, in a header and in the log. */
export function warnOperator(
  { reply, logger }: { readonly reply: FastifyReply; readonly logger: Logger },
  client: string,
  warnings: readonly string[],
): void {
  for (const warning of warnings) {
    logger.warn(warning, { client });
  }
  if (warnings.length > 0) {
    void reply.header('x-castellan-warning', warnings.map(headerText));
  }
}

/** Text that a header can carry: visible ASCII and blanks (RFC 9110 section 5.5). */
function headerText(text: string): string {
  return text.replace(/[^ -~]/gu, '?');
}
