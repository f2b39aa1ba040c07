import { Req, Res } from '@nestjs/common';
import { wardenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { badRequest, notFound } from './admin-error.js';
import { callOptionsOf, pathParameter, queryParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { policyBodySchema, policyFromBody, policyJson } from './policy-json.js';
import { ADMIN_ROUTES } from './routes.js';

const MAX_PAGE = 500;
const MAX_INT32 = 2_147_483_647;

/** Policies of the Warden. */
@AdminController()
export class PoliciesController {
  constructor(
    @InjectRpcClient(wardenV1.PoliciesService)
    private readonly policies: RpcClient<typeof wardenV1.PoliciesService>,
  ) {}

  @Access(ADMIN_ROUTES.listPolicies)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const limit = Math.min(readCount(request, 'limit', MAX_PAGE), MAX_PAGE);
    const offset = readCount(request, 'offset', 0);
    const { policies } = await this.policies.listPolicies({ limit, offset }, callOptionsOf(request));
    sendJson(reply, 200, `[${policies.map(policyJson).join(',')}]`);
  }

  @Access(ADMIN_ROUTES.createPolicy)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const policy = policyFromBody(readBody(request, policyBodySchema));
    const created = present((await this.policies.createPolicy({ policy }, callOptionsOf(request))).policy);
    sendJson(reply, 201, policyJson(created), { location: `/policies/${encodeURIComponent(created.id)}` });
  }

  @Access(ADMIN_ROUTES.getPolicy)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { policy } = await this.policies.getPolicy({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendJson(reply, 200, policyJson(present(policy)));
  }

  @Access(ADMIN_ROUTES.putPolicy)
  async put(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const policy = policyFromBody(readBody(request, policyBodySchema));
    if (policy.id !== pathParameter(request, 'id')) {
      throw badRequest('Payload ID does not match ID from URL');
    }
    const stored = await this.policies.putPolicy({ policy }, callOptionsOf(request));
    sendJson(reply, 200, policyJson(present(stored.policy)));
  }

  @Access(ADMIN_ROUTES.deletePolicy)
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.policies.deletePolicy({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendNothing(reply);
  }
}

/** A count in the query: a whole number from 0 that the service can hold. A limit of 0 means the default. */
function readCount(request: FastifyRequest, name: string, fallback: number): number {
  const text = queryParameter(request, name);
  if (text === undefined) {
    return fallback;
  }
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= MAX_INT32)) {
    throw badRequest(`The parameter ${name} must be a whole number from 0 to ${MAX_INT32}`);
  }
  return count;
}

function present(policy: wardenV1.Policy | undefined): wardenV1.Policy {
  if (policy === undefined) {
    throw notFound();
  }
  return policy;
}
