import { type CallContext, RpcError, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { decideCheck, decideChecks, maxBatchSize, readCheck, readSingleCheck } from './check.js';
import { checkToken, type CheckTokenDependencies } from './check-token.js';
import { readConsistency } from './consistency.js';
import { recordDecision } from './decision-log/record-decision.js';
import { explainCheck } from './explain-check.js';
import { wardenPeers } from './peers.js';

/** The service Warden: decisions. A denial is an answer; when there is none, the call fails. */
@RpcService(wardenV1.WardenService, wardenPeers)
export class WardenRpc implements RpcHandlers<typeof wardenV1.WardenService> {
  constructor(private readonly dependencies: CheckTokenDependencies) {}

  async check(request: wardenV1.CheckRequest, call: CallContext): Promise<wardenV1.CheckResponse> {
    const accessRequest = readSingleCheck(request, call.peer);
    const consistency = readConsistency(request.consistency);
    const decider = await this.dependencies.decisionPoint.at(consistency);
    const response = await decideCheck(decider, accessRequest);
    recordDecision(this.dependencies, 'check', call, { ...accessRequest, decidedAt: decider.now }, response);
    return response;
  }

  async checkToken(request: wardenV1.CheckTokenRequest, call: CallContext): Promise<wardenV1.CheckTokenResponse> {
    return checkToken(this.dependencies, request, call, 'check_token');
  }

  async batchCheck(request: wardenV1.BatchCheckRequest, call: CallContext): Promise<wardenV1.BatchCheckResponse> {
    if (request.checks.length > maxBatchSize) {
      throw new RpcError('INVALID_ARGUMENT', `a batch must not hold more than ${maxBatchSize} checks`);
    }
    const consistency = readConsistency(request.consistency);
    const checks = request.checks.map((check) =>
      check.consistency === undefined
        ? readCheck(check, call.peer)
        : { problem: 'a batch says its consistency once for all' },
    );
    const decider = await this.dependencies.decisionPoint.at(consistency);
    const asked = checks.flatMap((check) => ('request' in check ? [check.request] : []));
    const decisions = await decideChecks(decider, asked);
    for (const [index, decision] of decisions.entries()) {
      const one = asked[index];
      if (one !== undefined) {
        recordDecision(this.dependencies, 'batch', call, { ...one, decidedAt: decider.now }, decision);
      }
    }
    let next = 0;
    const results = checks.map((check) =>
      'problem' in check ? { invalidArgument: check.problem } : { decision: decisions[next++] },
    );
    return { results };
  }

  async explain(request: wardenV1.ExplainRequest, call: CallContext): Promise<wardenV1.ExplainResponse> {
    return explainCheck(this.dependencies, request, call);
  }
}
