import { Req, Res } from '@nestjs/common';
import { RpcError, wardenV1, type RpcClient } from '@castellan/rpc';
import { HttpError, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController, grantOf } from './access.guard.js';
import { badRequest, notFound } from './admin-error.js';
import { callOptionsOf, pathParameter, queryCount, readBody, sendJson, sendNothing } from './admin-request.js';
import { entityTag, readIfMatch } from './entity-tag.js';
import { policyBodySchema, policyFromBody, policyJson } from './policy-json.js';
import { policyRevision } from './policy-revision.js';
import { ADMIN_ROUTES } from './routes.js';

const MAX_PAGE = 500;

/** Policies of the Warden. */
@AdminController()
export class PoliciesController {
  constructor(
    @InjectRpcClient(wardenV1.PoliciesService)
    private readonly policies: RpcClient<typeof wardenV1.PoliciesService>,
  ) {}

  @Access(ADMIN_ROUTES.listPolicies)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const limit = Math.min(queryCount(request, 'limit', MAX_PAGE), MAX_PAGE);
    const offset = queryCount(request, 'offset', 0);
    const { policies } = await this.policies.listPolicies({ limit, offset }, callOptionsOf(request));
    sendJson(reply, 200, `[${policies.map(policyJson).join(',')}]`);
  }

  @Access(ADMIN_ROUTES.createPolicy)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const policy = policyFromBody(readBody(request, policyBodySchema));
    const stored = await this.policies.createPolicy({ policy, note: noteOf(request) }, callOptionsOf(request));
    const created = present(stored.policy);
    const location = `/policies/${encodeURIComponent(created.id)}`;
    const headers = { location, etag: entityTag(stored.version), ...policyRevision(stored.revision) };
    sendJson(reply, 201, policyJson(created), headers);
  }

  @Access(ADMIN_ROUTES.getPolicy)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { policy, version } = await this.policies.getPolicy(
      { id: pathParameter(request, 'id'), withVersion: true },
      callOptionsOf(request),
    );
    sendJson(reply, 200, policyJson(present(policy)), version !== undefined ? { etag: entityTag(version) } : {});
  }

  @Access(ADMIN_ROUTES.putPolicy)
  async put(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const policy = policyFromBody(readBody(request, policyBodySchema));
    if (policy.id !== pathParameter(request, 'id')) {
      throw badRequest('Payload ID does not match ID from URL');
    }
    const change = { policy, note: noteOf(request), ifVersion: readIfMatch(request) };
    const stored = await preconditionFailed(this.policies.putPolicy(change, callOptionsOf(request)));
    const headers = { etag: entityTag(stored.version), ...policyRevision(stored.revision) };
    sendJson(reply, 200, policyJson(present(stored.policy)), headers);
  }

  @Access(ADMIN_ROUTES.deletePolicy)
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const change = { id: pathParameter(request, 'id'), note: noteOf(request), ifVersion: readIfMatch(request) };
    const { revision } = await preconditionFailed(this.policies.deletePolicy(change, callOptionsOf(request)));
    sendNothing(reply, policyRevision(revision));
  }
}

/**
 * Awaits a change on a condition: where the condition does not hold, the request is answered 412.
 * @throws HttpError 412; what else is refused, and every outage, passes
 */
export async function preconditionFailed<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof RpcError && error.code === 'ABORTED') {
      throw new HttpError(412, error.message);
    }
    throw error;
  }
}

/** The history of a policy says who changed it. */
function noteOf(request: FastifyRequest): wardenV1.ChangeNote {
  return { by: grantOf(request).caller, reason: '' };
}

function present(policy: wardenV1.Policy | undefined): wardenV1.Policy {
  if (policy === undefined) {
    throw notFound();
  }
  return policy;
}
