import { Req, Res } from '@nestjs/common';
import { tokenV1, wardenV1, type RpcClient } from '@castellan/rpc';
import { HttpError, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { unlessAbsent } from './access-facts.js';
import { Access, AdminController } from './access.guard.js';
import { badRequest, notFound } from './admin-error.js';
import { callOptionsOf, pathParameter, queryParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { groupBodySchema, groupJson, membersBodySchema } from './group-json.js';
import { jsonList } from './json.js';
import { policyRevision } from './policy-revision.js';
import { ADMIN_ROUTES } from './routes.js';
import { createUnshared } from './unshared-id.js';

/** Groups of subjects. */
@AdminController()
export class GroupsController {
  constructor(
    @InjectRpcClient(wardenV1.GroupsService) private readonly groups: RpcClient<typeof wardenV1.GroupsService>,
    @InjectRpcClient(tokenV1.ClientsService) private readonly clients: RpcClient<typeof tokenV1.ClientsService>,
  ) {}

  @Access(ADMIN_ROUTES.findGroups)
  async find(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const member = queryParameter(request, 'member');
    if (member === undefined) {
      throw badRequest('The parameter member is missing');
    }
    const { groupIds } = await this.groups.findGroups({ member }, callOptionsOf(request));
    sendJson(reply, 200, jsonList(groupIds));
  }

  @Access(ADMIN_ROUTES.createGroup)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, groupBodySchema);
    const group = { id: body.id ?? '', members: body.members ?? [] };
    const { group: stored, revision } = await createUnshared({
      refuseTaken: () => this.refuseClientId(group.id, request),
      create: () => this.groups.createGroup({ group }, callOptionsOf(request)),
      withdraw: () => this.groups.deleteGroup({ id: group.id }, callOptionsOf(request)),
    });
    const created = present(stored);
    const location = `/warden/groups/${encodeURIComponent(created.id)}`;
    sendJson(reply, 201, groupJson(created), { location, ...policyRevision(revision) });
  }

  @Access(ADMIN_ROUTES.getGroup)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { group } = await this.groups.getGroup({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendJson(reply, 200, groupJson(present(group)));
  }

  @Access(ADMIN_ROUTES.deleteGroup)
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { revision } = await this.groups.deleteGroup({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendNothing(reply, policyRevision(revision));
  }

  @Access(ADMIN_ROUTES.addMembers)
  async addMembers(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { revision } = await this.groups.addMembers(readMembers(request), callOptionsOf(request));
    sendNothing(reply, policyRevision(revision));
  }

  @Access(ADMIN_ROUTES.removeMembers)
  async removeMembers(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { revision } = await this.groups.removeMembers(readMembers(request), callOptionsOf(request));
    sendNothing(reply, policyRevision(revision));
  }

  /** Subjects are raw strings: a group named like a client would lend it its rights (rulings 38). */
  private async refuseClientId(id: string, request: FastifyRequest): Promise<void> {
    if (id !== '' && (await unlessAbsent(this.clients.getClient({ id }, callOptionsOf(request)))) !== undefined) {
      throw new HttpError(409, 'The ID is taken by a client');
    }
  }
}

function readMembers(request: FastifyRequest): { readonly groupId: string; readonly members: string[] } {
  return { groupId: pathParameter(request, 'id'), members: readBody(request, membersBodySchema).members ?? [] };
}

function present(group: wardenV1.Group | undefined): wardenV1.Group {
  if (group === undefined) {
    throw notFound();
  }
  return group;
}
