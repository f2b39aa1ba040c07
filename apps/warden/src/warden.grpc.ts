import { type CallContext, RpcError, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { decideCheck, decideChecks, maxBatchSize, readCheck, readSingleCheck } from './check.js';
import { checkToken, type CheckTokenDependencies } from './check-token.js';
import { readConsistency } from './consistency.js';
import { explainCheck } from './explain-check.js';
import { wardenPeers } from './peers.js';

/** The service Warden: decisions. A denial is an answer; when there is none, the call fails. */
@RpcService(wardenV1.WardenService, wardenPeers)
export class WardenRpc implements RpcHandlers<typeof wardenV1.WardenService> {
  constructor(private readonly dependencies: CheckTokenDependencies) {}

  async check(request: wardenV1.CheckRequest, { peer }: CallContext): Promise<wardenV1.CheckResponse> {
    const accessRequest = readSingleCheck(request, peer);
    const consistency = readConsistency(request.consistency);
    return decideCheck(await this.dependencies.decisionPoint.at(consistency), accessRequest);
  }

  async checkToken(request: wardenV1.CheckTokenRequest, call: CallContext): Promise<wardenV1.CheckTokenResponse> {
    return checkToken(this.dependencies, request, call);
  }

  async batchCheck(request: wardenV1.BatchCheckRequest, { peer }: CallContext): Promise<wardenV1.BatchCheckResponse> {
    if (request.checks.length > maxBatchSize) {
      throw new RpcError('INVALID_ARGUMENT', `a batch must not hold more than ${maxBatchSize} checks`);
    }
    const consistency = readConsistency(request.consistency);
    const checks = request.checks.map((check) =>
      check.consistency === undefined
        ? readCheck(check, peer)
        : { problem: 'a batch says its consistency once for all' },
    );
    const decider = await this.dependencies.decisionPoint.at(consistency);
    const decisions = await decideChecks(
      decider,
      checks.flatMap((check) => ('request' in check ? [check.request] : [])),
    );
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
