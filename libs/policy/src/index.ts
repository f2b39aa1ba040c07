/**
 * The policy decision: may a subject do an action on a resource? This room knows templates, conditions, groups and the
 * rule that a denial overrides (ladon's model). It decides from what it is handed and knows no database, no network, no
 * clock and no transport. Where policies are kept, `policy-store.ts` says what is expected; a token is not its business.
 */
export { type AccessRequest, findAccessRequestProblem, maxSubjectLength } from './access-request.js';
export { ConditionError } from './conditions/condition.js';
export type { DecisionLogStore, DecisionPage, DecisionQuery, DecisionRecord, KeptRecord } from './decision-log.js';
export { createDecider, decideAtTime, type Decider, type DecisionAt, type TimedDecider } from './decider.js';
export { type DecisionDoor, decisionDoors, decisionScope } from './decision-door.js';
export { allowed, type Decision, denied, type DenialReason } from './decision.js';
export type { ExplainedPolicy, Explanation, NearestMiss } from './explain.js';
export { type Group, maxMembersPerWrite, validateGroup, validateMembers } from './group.js';
export { checkId } from './id.js';
export { isJsonObject, type JsonObject, type JsonValue } from './json.js';
export { type LintFinding, lintPolicies, type LintRule } from './lint.js';
export {
  type ConditionDefinition,
  type Conditions,
  type Effect,
  type Policy,
  type PolicyDraft,
  validatePolicy,
} from './policy.js';
export { PolicyError } from './policy-error.js';
export type { ChangeNote, PolicyHistory, PolicyVersion, PolicyWrite, PolicyWritten } from './policy-history.js';
export {
  type ImportCommit,
  type ImportCounts,
  maxImportedPolicies,
  type PolicyImports,
  type PolicyPage,
  type StageRefusal,
} from './policy-import.js';
export { parseConditionsJson, parsePolicyJson, type PolicyJson, policyToJson } from './policy-json.js';
export { PolicyIndex } from './policy-index.js';
export { differingMembers, planPolicies, type PolicyPlan } from './policy-plan.js';
export type { Membership, PolicyChanges, PolicyState, Revision } from './policy-state.js';
export { type GroupStore, maxPageSize, type PolicyStateReader, type PolicyStore } from './policy-store.js';
export { type Flip, type RecordedDecision, type Replay, replayDecisions } from './replay.js';
export type { StoredPolicy } from './stored-policy.js';
export { compileTemplate, type Template } from './template.js';
export { TemplateError } from './template-syntax.js';
export { formatBound, type OutsideValidity, parseBound, type Validity } from './validity.js';
