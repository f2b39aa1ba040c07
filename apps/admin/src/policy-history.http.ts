import { Req, Res } from '@nestjs/common';
import { wardenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Access, AdminController, grantOf } from './access.guard.js';
import { callOptionsOf, pathParameter, queryCount, readBody, sendJson } from './admin-request.js';
import { notFound } from './admin-error.js';
import { entityTag } from './entity-tag.js';
import { jsonObject } from './json.js';
import { policyJson } from './policy-json.js';
import { policyRevision } from './policy-revision.js';
import { ADMIN_ROUTES } from './routes.js';

export const rollbackBodySchema = z.object({ version: z.int().min(1), reason: z.string().max(1024).nullish() });

/** What policies were, and the way back there. */
@AdminController()
export class PolicyHistoryController {
  constructor(
    @InjectRpcClient(wardenV1.PoliciesService)
    private readonly policies: RpcClient<typeof wardenV1.PoliciesService>,
  ) {}

  @Access(ADMIN_ROUTES.listPolicyVersions)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const id = pathParameter(request, 'id');
    const [limit, before] = [queryCount(request, 'limit', 0), queryCount(request, 'before', 0)];
    const { versions } = await this.policies.listPolicyVersions({ id, limit, before }, callOptionsOf(request));
    if (versions.length === 0 && before === 0) {
      throw notFound();
    }
    sendJson(reply, 200, `[${versions.map(versionJson).join(',')}]`);
  }

  @Access(ADMIN_ROUTES.rollBackPolicy)
  async rollBack(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { version, reason } = readBody(request, rollbackBodySchema);
    const note = { by: grantOf(request).caller, reason: reason ?? '' };
    const stored = await this.policies.rollBackPolicy(
      { id: pathParameter(request, 'id'), version, note },
      callOptionsOf(request),
    );
    if (stored.policy === undefined) {
      throw notFound();
    }
    const headers = { etag: entityTag(stored.version), ...policyRevision(stored.revision) };
    sendJson(reply, 200, policyJson(stored.policy), headers);
  }
}

/** Writes a version; `policy` is null where it removed the policy. */
function versionJson(version: wardenV1.PolicyVersion): string {
  return jsonObject([
    ['version', String(version.version)],
    ['revision', String(version.revision)],
    ['changed_at', JSON.stringify(new Date(version.changedAtMs).toISOString())],
    ['changed_by', JSON.stringify(version.changedBy)],
    ['reason', JSON.stringify(version.reason)],
    ['policy', version.policy === undefined ? 'null' : policyJson(version.policy)],
  ]);
}
