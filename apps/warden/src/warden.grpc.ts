import { decisionDoors } from '@castellan/policy';
import { type CallContext, RpcError, type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { type Admission, admit } from './caller.js';
import { decideCheck, decideChecks, maxBatchSize, readCheck, readSingleCheck } from './check.js';
import { checkToken, type CheckTokenDependencies } from './check-token.js';
import { readConsistency } from './consistency.js';
import { recordDecisions } from './decision-log/record-decision.js';
import { explainCheck } from './explain-check.js';
import { wardenPeers } from './peers.js';
import { answerQuestion, wardenStreams } from './stream-check.js';

/** The service Warden: decisions. A denial is an answer; when there is none, the call fails. */
@RpcService(wardenV1.WardenService, wardenPeers, wardenStreams)
export class WardenRpc implements RpcHandlers<typeof wardenV1.WardenService> {
  constructor(private readonly dependencies: CheckTokenDependencies) {}

  async check(request: wardenV1.CheckRequest, call: CallContext): Promise<wardenV1.CheckResponse> {
    return this.decide('check', request, call);
  }

  async checkToken(request: wardenV1.CheckTokenRequest, call: CallContext): Promise<wardenV1.CheckTokenResponse> {
    return checkToken(this.dependencies, request, call, 'check_token');
  }

  async streamCheck(request: wardenV1.StreamCheckRequest, call: CallContext): Promise<wardenV1.StreamCheckResponse> {
    return answerQuestion(request, {
      check: (check) => this.decide('stream', check, call),
      checkToken: (check) => checkToken(this.dependencies, check, call, 'stream'),
    });
  }

  async batchCheck(request: wardenV1.BatchCheckRequest, call: CallContext): Promise<wardenV1.BatchCheckResponse> {
    if (request.checks.length > maxBatchSize) {
      throw new RpcError('INVALID_ARGUMENT', `a batch must not hold more than ${maxBatchSize} checks`);
    }
    const { admitted, decider } = this.admit(call, request.consistency);
    const checks = request.checks.map((check) =>
      check.consistency === undefined
        ? readCheck(check, call.peer)
        : { problem: 'a batch says its consistency once for all' },
    );
    const caller = await admitted;
    const asked = checks.flatMap((check) => ('request' in check ? [check.request] : []));
    const timed = await decider;
    const decisions = await decideChecks(timed, asked);
    recordDecisions(this.dependencies, { door: 'batch', caller, call }, asked, decisions, timed.now);
    let next = 0;
    const results = checks.map((check) =>
      'problem' in check ? { invalidArgument: check.problem } : { decision: decisions[next++] },
    );
    return { results };
  }

  async explain(request: wardenV1.ExplainRequest, call: CallContext): Promise<wardenV1.ExplainResponse> {
    return explainCheck(this.dependencies, request, call);
  }

  private async decide(
    door: 'check' | 'stream',
    request: wardenV1.CheckRequest,
    call: CallContext,
  ): Promise<wardenV1.CheckResponse> {
    const asked = readSingleCheck(request, call.peer);
    const { admitted, decider } = this.admit(call, request.consistency);
    const caller = await admitted;
    const timed = await decider;
    const response = await decideCheck(timed, asked);
    recordDecisions(this.dependencies, { door, caller, call }, [asked], [response], timed.now);
    return response;
  }

  private admit(call: CallContext, consistency: wardenV1.Consistency | undefined): Admission {
    return admit(this.dependencies, call, decisionDoors.check, readConsistency(consistency));
  }
}
