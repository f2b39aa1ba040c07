import type { JsonObject } from '@castellan/policy';
import { type CallContext, wardenV1 } from '@castellan/rpc';
import type { PolicyDecisionPoint } from '../decision-point.js';
import type { DecisionLog } from './decision-log.js';

const { DenialReason } = wardenV1;

/** The words in which a record, and the admin API, say why something was denied. */
const reasons: ReadonlyMap<wardenV1.DenialReason, string> = new Map([
  [DenialReason.DENIAL_REASON_DEFAULT, 'default'],
  [DenialReason.DENIAL_REASON_EXPLICIT, 'explicit'],
  [DenialReason.DENIAL_REASON_POLICY_INVALID, 'policy_invalid'],
  [DenialReason.DENIAL_REASON_TOKEN_INACTIVE, 'token_inactive'],
  [DenialReason.DENIAL_REASON_SCOPE, 'scope'],
]);

/** How a decision was asked for. */
export type Door = 'check' | 'check_token' | 'batch' | 'stream' | 'envoy';

/** Where decisions are recorded, and what is asked for that. */
export type Recording = {
  readonly log: DecisionLog;
  readonly decisionPoint: Pick<PolicyDecisionPoint, 'now' | 'groupsOf'>;
};

/** What was asked. The subject is empty where a token decided before anybody was known. */
export type AskedDecision = {
  readonly subject: string;
  readonly clientId?: string;
  readonly resource: string;
  readonly action: string;
  readonly context: JsonObject;
  /** When it was decided; now, where that is not told. */
  readonly decidedAt?: number;
};

/** Where, by whom and with which request it was asked. */
export type Asked = {
  readonly door: Door;
  readonly caller: string;
  readonly call: Pick<CallContext, 'requestId'>;
};

/** Records the decisions on access requests, in their order, that were made at one time. */
export function recordDecisions(
  recording: Recording,
  by: Asked,
  requests: readonly AskedDecision[],
  decisions: readonly wardenV1.CheckResponse[],
  decidedAt: number,
): void {
  if (!recording.log.isOn) return;
  for (const [index, request] of requests.entries()) {
    const decision = decisions[index];
    if (decision !== undefined) recordDecision(recording, by, { ...request, decidedAt }, decision);
  }
}

/** Records a decision, where decisions are recorded. It costs next to nothing where they are not. */
export function recordDecision(
  { log, decisionPoint }: Recording,
  { door, caller, call }: Asked,
  asked: AskedDecision,
  decided: Pick<wardenV1.CheckResponse, 'allowed' | 'reason' | 'revision'>,
): void {
  if (!log.isOn) return;
  log.record(() => ({
    decidedAt: asked.decidedAt ?? decisionPoint.now(),
    door,
    caller,
    requestId: call.requestId,
    subject: asked.subject,
    clientId: asked.clientId ?? '',
    resource: asked.resource,
    action: asked.action,
    context: asked.context,
    groups: decisionPoint.groupsOf(asked.subject),
    allowed: decided.allowed,
    reason: decided.allowed ? '' : (reasons.get(decided.reason) ?? 'unknown'),
    revision: decided.revision,
  }));
}
