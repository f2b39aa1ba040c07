import type { Decider } from '@castellan/policy';
import { type CallContext, RpcError, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { decideCheck, maxBatchSize, readCheck, type ReadCheck, readSingleCheck } from './check.js';
import { checkToken, type CheckTokenDependencies } from './check-token.js';
import { wardenPeers } from './peers.js';

/** The service Warden: decisions. A denial is an answer; when there is none, the call fails. */
@RpcService(wardenV1.WardenService, wardenPeers)
export class WardenRpc implements RpcHandlers<typeof wardenV1.WardenService> {
  constructor(private readonly dependencies: CheckTokenDependencies) {}

  async check(request: wardenV1.CheckRequest, { peer }: CallContext): Promise<wardenV1.CheckResponse> {
    const accessRequest = readSingleCheck(request, peer);
    return decideCheck(await this.dependencies.decisionPoint.atCurrentRevision(), accessRequest);
  }

  async checkToken(request: wardenV1.CheckTokenRequest, call: CallContext): Promise<wardenV1.CheckTokenResponse> {
    return checkToken(this.dependencies, request, call);
  }

  async batchCheck(request: wardenV1.BatchCheckRequest, { peer }: CallContext): Promise<wardenV1.BatchCheckResponse> {
    if (request.checks.length > maxBatchSize) {
      throw new RpcError('INVALID_ARGUMENT', `a batch must not hold more than ${maxBatchSize} checks`);
    }
    const checks = request.checks.map((check) => readCheck(check, peer));
    // One Decider for all: every answer is of the same revision.
    const decider = await this.dependencies.decisionPoint.atCurrentRevision();
    return { results: await Promise.all(checks.map((check) => decideItem(decider, check))) };
  }
}

async function decideItem(decider: Decider, check: ReadCheck): Promise<wardenV1.BatchCheckResult> {
  if ('problem' in check) return { invalidArgument: check.problem };
  return { decision: await decideCheck(decider, check.request) };
}
