import type { DecisionLogStore } from '@castellan/policy';
import { type RpcHandlers, wardenV1 } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { listDecisions } from './decision-log/list-decisions.js';
import { decisionsPeers } from './peers.js';
import { answer } from './rpc-answer.js';

/** The service Decisions: what was recorded, for the admin API, which has asked whether its caller may see it. */
@RpcService(wardenV1.DecisionsService, decisionsPeers)
export class DecisionsRpc implements RpcHandlers<typeof wardenV1.DecisionsService> {
  constructor(private readonly decisions: DecisionLogStore) {}

  async listDecisions(request: wardenV1.ListDecisionsRequest): Promise<wardenV1.ListDecisionsResponse> {
    return answer(() => listDecisions(this.decisions, request));
  }
}
