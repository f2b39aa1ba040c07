import { type AccessRequest, findAccessRequestProblem } from './access-request.js';
import { findUnfulfilled } from './conditions/named-conditions.js';
import { loose } from './policy-index/dimension.js';
import type { PairTable } from './policy-index/pair-table.js';
import { byAction, type List, type PolicyTable } from './policy-index/policy-table.js';
import type { Verdict } from './stored-policy.js';
import { findOutside, type OutsideValidity, type Validity } from './validity.js';

/** A policy whose templates match an access request, for the subject or one of its groups. */
export type ExplainedPolicy = {
  readonly id: string;
  readonly verdict: Verdict;
  readonly subject: string;
  /** The first condition that is not fulfilled; undefined for a policy that takes part in the decision. */
  readonly unfulfilledCondition: string | undefined;
  /** Present for a policy that does not apply at this time. */
  readonly outsideValidity?: OutsideValidity;
  /** Present for a policy that does not always apply. */
  readonly validity?: Validity;
};

/** A policy that would allow the access request but for one thing. */
export type NearestMiss = {
  readonly id: string;
  readonly subject: string;
  readonly part: 'subject' | 'resource' | 'action' | 'condition' | 'validity';
  readonly condition: string | undefined;
};

/** What led to a decision. */
export type Explanation = {
  /** The subject and its groups, in the order they were tried. */
  readonly subjects: readonly string[];
  readonly policies: readonly ExplainedPolicy[];
  /** More policies match than are listed. */
  readonly truncated: boolean;
  /** Absent where a policy decided, or none was near. */
  readonly nearestMiss: NearestMiss | undefined;
};

/** Most policies that an explanation lists. */
export const maxExplainedPolicies = 100;
/** Most policies that are looked through for one that nearly matches; beyond that the search would hold up decisions. */
const maxNearMissSearch = 50_000;

/** Says which policies match an access request and, where none takes part in the decision, which came nearest. */
export function explain(
  table: PolicyTable,
  groups: readonly string[],
  request: AccessRequest,
  now: number,
): Explanation {
  const subjects = [request.subject, ...groups];
  if (findAccessRequestProblem(request) !== undefined) {
    return { subjects, policies: [], truncated: false, nearestMiss: undefined };
  }
  table.resources.begin(request.resource);
  table.actions.begin(request.action);
  const policies: ExplainedPolicy[] = [];
  for (const subject of subjects) {
    table.subjects.begin(subject);
    for (const slot of [...findSlots(table, table.denials), ...findSlots(table, table.allowances)]) {
      if (!lists.every((list) => table.matchesAny(slot, list))) continue;
      const evaluation = { subject, resource: request.resource };
      const unfulfilled = findUnfulfilled(table.conditionsOf(slot) ?? [], request.context, evaluation);
      policies.push({
        id: table.idOf(slot),
        verdict: table.verdictOf(slot),
        subject,
        unfulfilledCondition: unfulfilled?.name,
        ...explainValidity(table.validityOf(slot), now),
      });
    }
  }
  const isDecided = policies.some(takesPart);
  return {
    subjects,
    policies: policies.slice(0, maxExplainedPolicies),
    truncated: policies.length > maxExplainedPolicies,
    nearestMiss: isDecided ? undefined : (findByOneThing(policies) ?? findByTemplates(table, subjects, now)),
  };
}

function takesPart({ unfulfilledCondition, outsideValidity }: ExplainedPolicy): boolean {
  return unfulfilledCondition === undefined && outsideValidity === undefined;
}

function explainValidity(
  validity: Validity | undefined,
  now: number,
): Pick<ExplainedPolicy, 'validity' | 'outsideValidity'> {
  if (validity === undefined) return {};
  const outsideValidity = findOutside(validity, now);
  return { validity, ...(outsideValidity !== undefined ? { outsideValidity } : {}) };
}

const lists: readonly List[] = ['actions', 'resources', 'subjects'];
const parts = { actions: 'action', resources: 'resource', subjects: 'subject' } as const;

/** An allowing policy that matches but for its time or, failing that, for a condition. */
function findByOneThing(policies: readonly ExplainedPolicy[]): NearestMiss | undefined {
  const misses = policies.filter(({ verdict }) => verdict === 'allow');
  const early = misses.find(({ unfulfilledCondition }) => unfulfilledCondition === undefined);
  if (early !== undefined) return { id: early.id, subject: early.subject, part: 'validity', condition: undefined };
  const miss = misses.find(({ outsideValidity }) => outsideValidity === undefined);
  if (miss === undefined) return undefined;
  return { id: miss.id, subject: miss.subject, part: 'condition', condition: miss.unfulfilledCondition };
}

/** An allowing policy of which all lists but one match. */
function findByTemplates(table: PolicyTable, subjects: readonly string[], now: number): NearestMiss | undefined {
  for (const subject of subjects) {
    table.subjects.begin(subject);
    let searched = 0;
    for (const slot of table.eachSlot()) {
      if (++searched > maxNearMissSearch) break;
      if (table.verdictOf(slot) !== 'allow' || explainValidity(table.validityOf(slot), now).outsideValidity) continue;
      const missing = lists.filter((list) => !table.matchesAny(slot, list));
      const [list] = missing;
      if (list !== undefined && missing.length === 1) {
        return { id: table.idOf(slot), subject, part: parts[list], condition: undefined };
      }
    }
  }
  return undefined;
}

function findSlots(table: PolicyTable, pairs: PairTable): ReadonlySet<number> {
  const resources: number[] = [];
  const subjects: number[] = [];
  const resourceCount = table.resources.lookUp(resources);
  const subjectCount = table.subjects.lookUp(subjects);
  const slots = new Set<number>();
  const actions: number[] = [];
  const actionCount = table.actions.lookUp(actions);
  for (let i = 0; i < actionCount; i++) {
    for (const slot of pairs.policiesUnder(loose, byAction(actions[i] ?? loose))) slots.add(slot);
  }
  for (let i = 0; i < resourceCount; i++) {
    for (let j = 0; j < subjectCount; j++) {
      for (const slot of pairs.policiesUnder(resources[i] ?? loose, subjects[j] ?? loose)) slots.add(slot);
    }
  }
  return slots;
}
