import { Req, Res } from '@nestjs/common';
import { wardenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Access, AdminController, grantOf } from './access.guard.js';
import {
  callOptionsOf,
  pathParameter,
  queryCount,
  queryParameter,
  readBody,
  sendJson,
  sendNothing,
} from './admin-request.js';
import { policyBodySchema, policyFromBody, policyJson } from './policy-json.js';
import { preconditionFailed } from './policies.http.js';
import { ADMIN_ROUTES } from './routes.js';

export const stageBodySchema = z.object({ policies: z.array(policyBodySchema).min(1) });
export const commitBodySchema = z
  .object({
    prune: z.boolean().nullish(),
    if_revision: z.int().min(1).nullish(),
    reason: z.string().max(1024).nullish(),
  })
  .nullish();

/** A commit writes tens of thousands of policies in one transaction. */
const COMMIT_DEADLINE_MS = 30_000;

/** All policies at once, out and in: an import changes nothing before its commit, and then everything or nothing. */
@AdminController()
export class PolicyImportsController {
  constructor(
    @InjectRpcClient(wardenV1.PoliciesService)
    private readonly policies: RpcClient<typeof wardenV1.PoliciesService>,
  ) {}

  @Access(ADMIN_ROUTES.exportPolicies)
  async export(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const after = queryParameter(request, 'after') ?? '';
    const limit = queryCount(request, 'limit', 0);
    const page = await this.policies.exportPolicies({ after, limit }, callOptionsOf(request));
    const policies = page.policies.map(policyJson).join(',');
    sendJson(reply, 200, `{"revision":${page.revision},"total":${page.total},"policies":[${policies}]}`);
  }

  @Access(ADMIN_ROUTES.beginPolicyImport)
  async begin(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { importId } = await this.policies.beginPolicyImport({ by: grantOf(request).caller }, callOptionsOf(request));
    sendJson(reply, 201, JSON.stringify({ id: importId }), { location: `/policy-imports/${importId}` });
  }

  @Access(ADMIN_ROUTES.stagePolicies)
  async stage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const policies = readBody(request, stageBodySchema).policies.map(policyFromBody);
    const staged = await this.policies.stagePolicies(
      { importId: pathParameter(request, 'id'), by: grantOf(request).caller, policies },
      callOptionsOf(request),
    );
    sendJson(reply, 200, JSON.stringify(staged));
  }

  @Access(ADMIN_ROUTES.commitPolicyImport)
  async commit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, commitBodySchema);
    const counts = await preconditionFailed(
      this.policies.commitPolicyImport(
        {
          importId: pathParameter(request, 'id'),
          note: { by: grantOf(request).caller, reason: body?.reason ?? '' },
          prune: body?.prune === true,
          ifRevision: body?.if_revision ?? undefined,
        },
        { ...callOptionsOf(request), deadlineMs: COMMIT_DEADLINE_MS },
      ),
    );
    sendJson(reply, 200, JSON.stringify(counts));
  }

  @Access(ADMIN_ROUTES.abortPolicyImport)
  async abort(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.policies.abortPolicyImport(
      { importId: pathParameter(request, 'id'), by: grantOf(request).caller },
      callOptionsOf(request),
    );
    sendNothing(reply);
  }
}
