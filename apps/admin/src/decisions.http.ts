import { Req, Res } from '@nestjs/common';
import { formatBound, parseBound } from '@castellan/policy';
import { wardenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, queryCount, queryParameter, sendJson } from './admin-request.js';
import { jsonObject } from './json.js';
import { ADMIN_ROUTES } from './routes.js';

/** Decisions that the Warden recorded. */
@AdminController()
export class DecisionsController {
  constructor(
    @InjectRpcClient(wardenV1.DecisionsService)
    private readonly decisions: RpcClient<typeof wardenV1.DecisionsService>,
  ) {}

  @Access(ADMIN_ROUTES.listDecisions)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const text = (name: string): string => queryParameter(request, name) ?? '';
    const page = await this.decisions.listDecisions(
      {
        limit: queryCount(request, 'limit', 0),
        before: text('before'),
        subject: text('subject'),
        resource: text('resource'),
        action: text('action'),
        allowed: readFlag(request, 'allowed'),
        sinceMs: readTime(request, 'since'),
      },
      callOptionsOf(request),
    );
    const decisions = page.decisions.map(decisionJson).join(',');
    sendJson(
      reply,
      200,
      `{"decisions":[${decisions}],"next":${page.next === '' ? 'null' : JSON.stringify(page.next)}}`,
    );
  }
}

function readFlag(request: FastifyRequest, name: string): boolean | undefined {
  const text = queryParameter(request, name);
  if (text !== undefined && text !== 'true' && text !== 'false') {
    throw badRequest(`The parameter ${name} must be true or false`);
  }
  return text === undefined ? undefined : text === 'true';
}

function readTime(request: FastifyRequest, name: string): number | undefined {
  try {
    return parseBound('valid_from', queryParameter(request, name) ?? '');
  } catch {
    throw badRequest(`The parameter ${name} must be a time in RFC 3339 form`);
  }
}

function decisionJson(decision: wardenV1.RecordedDecision): string {
  return jsonObject([
    ['decided_at', JSON.stringify(formatBound(decision.decidedAtMs))],
    ['door', JSON.stringify(decision.door)],
    ['caller', JSON.stringify(decision.caller)],
    ['request_id', JSON.stringify(decision.requestId)],
    ['subject', JSON.stringify(decision.subject)],
    ['client_id', JSON.stringify(decision.clientId)],
    ['resource', JSON.stringify(decision.resource)],
    ['action', JSON.stringify(decision.action)],
    ['context', decision.contextJson],
    ['redacted', JSON.stringify(decision.redacted)],
    ['groups', JSON.stringify(decision.groups)],
    ['allowed', String(decision.allowed)],
    ['reason', decision.allowed ? 'null' : JSON.stringify(decision.reason)],
    ['revision', String(decision.revision)],
  ]);
}
