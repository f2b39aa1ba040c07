import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { wardenV1, type RpcClient } from '@castellan/rpc';
import { HttpError, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, readBody, sendJson } from './admin-request.js';
import {
  applySemantic,
  authzenMetadata,
  completeEvaluation,
  evaluationError,
  evaluationSchema,
  evaluationsSchema,
  pathOfDecisionPoint,
  requestIdHeader,
  toCheck,
  type Evaluation,
  type EvaluationResponse,
} from './authzen-json.js';
import { ADMIN_ROUTES } from './routes.js';

/** Decisions in the words of the OpenID AuthZEN Authorization API 1.0. A denial is an answer (200). */
@AdminController()
export class AuthzenController {
  constructor(
    @InjectRpcClient(wardenV1.WardenService) private readonly warden: RpcClient<typeof wardenV1.WardenService>,
  ) {}

  @Access(ADMIN_ROUTES.accessEvaluation)
  async evaluation(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    requireJson(request);
    send(request, reply, await this.evaluate(readBody(request, evaluationSchema), request));
  }

  /** Without `evaluations` it is one evaluation. All are decided at one revision, in their order. */
  @Access(ADMIN_ROUTES.accessEvaluations)
  async evaluations(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    requireJson(request);
    const { evaluations = [], options, ...defaults } = readBody(request, evaluationsSchema);
    if (evaluations.length === 0) {
      const evaluation = completeEvaluation(defaults, {});
      if ('problem' in evaluation) {
        throw badRequest(evaluation.problem);
      }
      return send(request, reply, await this.evaluate(evaluation, request));
    }
    const responses = await this.evaluateAll(
      evaluations.map((own) => completeEvaluation(defaults, own)),
      request,
    );
    send(request, reply, { evaluations: applySemantic(responses, options?.evaluations_semantic ?? 'execute_all') });
  }

  private async evaluate(evaluation: Evaluation, request: FastifyRequest): Promise<EvaluationResponse> {
    const { allowed } = await this.warden.check(toCheck(evaluation), callOptionsOf(request));
    return { decision: allowed };
  }

  private async evaluateAll(
    evaluations: readonly (Evaluation | { readonly problem: string })[],
    request: FastifyRequest,
  ): Promise<readonly EvaluationResponse[]> {
    const checks = evaluations.flatMap((evaluation) => ('problem' in evaluation ? [] : [toCheck(evaluation)]));
    const { results } = await this.warden.batchCheck({ checks }, callOptionsOf(request));
    let next = 0;
    return evaluations.map((evaluation) =>
      'problem' in evaluation ? evaluationError(evaluation.problem) : toResponse(results[next++]),
    );
  }
}

/** URL under which callers reach the admin API; `undefined` when nobody configured one. */
export const ACCESS_URL = Symbol('ACCESS_URL');

/** Where the decision point is: public, and from the configuration alone, so that no request can bend it. */
@Controller()
export class AuthzenMetadataController {
  constructor(@Inject(ACCESS_URL) private readonly url: { readonly value: string | undefined }) {}

  @Get('.well-known/authzen-configuration')
  metadata(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.send(request, reply);
  }

  /** Section 9.2: of a decision point whose URL has a path, which comes after the well-known name. */
  @Get('.well-known/authzen-configuration/*')
  metadataOfPath(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const [asked = ''] = request.url.split('?', 1);
    const path = asked.slice('/.well-known/authzen-configuration'.length);
    if (this.url.value === undefined || path !== pathOfDecisionPoint(this.url.value)) {
      throw new HttpError(404, 'Not found');
    }
    this.send(request, reply);
  }

  private send(request: FastifyRequest, reply: FastifyReply): void {
    if (this.url.value === undefined) {
      throw new HttpError(404, 'Not found');
    }
    void reply
      .headers({ 'cache-control': 'public, max-age=300', 'content-type': 'application/json' })
      .headers(requestIdHeader(request))
      .send(Buffer.from(authzenMetadata(this.url.value)));
  }
}

function toResponse(result: wardenV1.BatchCheckResult | undefined): EvaluationResponse {
  if (result?.decision !== undefined) {
    return { decision: result.decision.allowed };
  }
  return evaluationError(result?.invalidArgument ?? 'no decision');
}

function send(request: FastifyRequest, reply: FastifyReply, body: object): void {
  sendJson(reply, 200, JSON.stringify(body), requestIdHeader(request));
}

/** Section 10.1: JSON, and nothing else. Other routes take any text, as the original did. */
function requireJson(request: FastifyRequest): void {
  const type = request.headers['content-type'];
  if (type !== undefined && !/^application\/json[ \t]*(?:;|$)/i.test(type)) {
    throw badRequest('The request body must be application/json');
  }
}
