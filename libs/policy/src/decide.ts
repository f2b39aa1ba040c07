import type { AccessRequest } from './access-request.js';
import { findAccessRequestProblem } from './access-request.js';
import { findUnfulfilled } from './conditions/named-conditions.js';
import { allowed, type Decision, denied } from './decision.js';
import { costPerPolicy, loose } from './policy-index/dimension.js';
import type { PairTable } from './policy-index/pair-table.js';
import { byAction, type PolicyTable } from './policy-index/policy-table.js';
import { findOutside, nextBoundary } from './validity.js';

/**
 * What decisions over a table work in: the access request at hand, what was found for it (candidate template numbers),
 * and the subject under evaluation. Decisions are synchronous and never nest, so that one serves all and they leave no
 * garbage.
 */
export type Search = {
  readonly table: PolicyTable;
  request: AccessRequest;
  /** Milliseconds since the epoch. */
  now: number;
  /** Until when the decision holds: moved to the first bound of a validity that it comes upon. */
  end: number;
  readonly resources: number[];
  resourceCount: number;
  readonly subjects: number[];
  subjectCount: number;
  readonly actions: number[];
  actionCount: number;
  actionMask: number;
  subject: string;
  /** Policies that it may still look at. */
  budget: number;
};

/** So many policies are passed over by their action mask in the time that one is looked at. */
const skippedPerLooked = 64;

const none = 0;
const found = 1;
const foundInvalid = 2;

const nobody: AccessRequest = { subject: '', resource: '', action: '', context: {}, anonymous: true };

/** Room for decisions over a table. */
export function createSearch(table: PolicyTable): Search {
  return {
    table,
    request: nobody,
    now: Number.NaN,
    end: Number.POSITIVE_INFINITY,
    resources: [],
    resourceCount: 0,
    subjects: [],
    subjectCount: 0,
    actions: [],
    actionCount: 0,
    actionMask: 0,
    subject: '',
    budget: Number.POSITIVE_INFINITY,
  };
}

/**
 * Decides an access request. The subject and each of its groups are evaluated; over all of them one denial overrides
 * every allowance, and a policy that cannot be evaluated denies. What nothing allows is denied. A request that
 * `findAccessRequestProblem` complains about is denied: an empty subject is matched only in an anonymous request.
 * `now` is in milliseconds since the epoch; until when the decision holds is `search.end` then. Answers undefined when
 * it takes looking at more policies than the budget says.
 */
export function decide(
  search: Search,
  groups: readonly string[],
  request: AccessRequest,
  budget: number,
  now: number,
): Decision | undefined {
  search.end = Number.POSITIVE_INFINITY;
  if (findAccessRequestProblem(request) !== undefined) return denied('default');
  const { table } = search;
  search.request = request;
  search.now = now;
  search.budget = budget;
  lookUpValues(search);
  let isAllowed = false;
  let isInvalid = false;
  for (let i = -1; i < groups.length; i++) {
    search.subject = i < 0 ? request.subject : (groups[i] ?? '');
    table.subjects.begin(search.subject);
    search.subjectCount = table.subjects.lookUp(search.subjects);
    const denial = scan(search, table.denials);
    if (denial === found) return denied('explicit');
    if (denial === foundInvalid) isInvalid = true;
    // Once allowed, only a policy that denies can change the answer.
    if (!isAllowed && !isInvalid) isAllowed = scan(search, table.allowances) === found;
    if (search.budget < matchingCost(table) / costPerPolicy) return undefined;
  }
  if (isInvalid) return denied('policy_invalid');
  return isAllowed ? allowed : denied('default');
}

/** Finds what the resource and the action may match; subjects are found one after the other. */
function lookUpValues(search: Search): void {
  const { table, request } = search;
  const { subjects, resources, actions } = table;
  subjects.cost = 0;
  resources.cost = 0;
  actions.cost = 0;
  resources.begin(request.resource);
  actions.begin(request.action);
  search.resourceCount = resources.lookUp(search.resources);
  search.actionCount = actions.lookUp(search.actions);
  search.actionMask = table.maskOfActions(search.actions, search.actionCount);
}

function matchingCost({ subjects, resources, actions }: PolicyTable): number {
  return subjects.cost + resources.cost + actions.cost;
}

/** Looks through the policies under every pair: `found` as soon as one matches; `foundInvalid` when only such do. */
function scan(search: Search, pairs: PairTable): number {
  const { resources, subjects, actions, resourceCount, subjectCount, actionCount } = search;
  let outcome = none;
  // From behind: literal texts are found last, and tell most.
  for (let i = resourceCount - 1; i >= 0; i--) {
    const resource = resources[i] ?? loose;
    // What stands under no resource and no subject is found by its action.
    const end = i === 0 ? -actionCount : 0;
    for (let j = subjectCount - 1; j >= end; j--) {
      const subject = j < 0 ? byAction(actions[-1 - j] ?? loose) : (subjects[j] ?? loose);
      const row = pairs.find(resource, subject);
      if (row < 0) continue;
      const result = scanRow(search, pairs, row, resource, subject);
      if (result === found) return found;
      if (result === foundInvalid) outcome = foundInvalid;
      if (search.budget < 0) return outcome;
    }
  }
  return outcome;
}

/** Looks through the policies under one pair. */
function scanRow(search: Search, pairs: PairTable, row: number, resource: number, subject: number): number {
  const { table, actionMask } = search;
  const where = pairs.rows[row + 2] ?? 0;
  const count = pairs.rows[row + 3] ?? 0;
  search.budget -= (count < 0 ? 1 : count) / skippedPerLooked;
  if (search.budget < 0) return none;
  // One policy stands in the row itself, and its mask in place of a count.
  if (count < 0) {
    if ((count & actionMask) === 0 || !matches(search, where, resource, subject)) return none;
    return table.verdictOf(where) === 'invalid' ? foundInvalid : found;
  }
  let outcome = none;
  const { cells } = table.arena;
  for (let entry = where, end = where + 2 * count; entry < end; entry += 2) {
    if (((cells[entry + 1] ?? 0) & actionMask) === 0) continue;
    const slot = cells[entry] ?? 0;
    if (search.budget < 0) return outcome;
    if (!matches(search, slot, resource, subject)) continue;
    if (table.verdictOf(slot) !== 'invalid') return found;
    outcome = foundInvalid;
  }
  return outcome;
}

/** Whether a policy that was found under a pair matches: cheap questions first, conditions last. */
function matches(search: Search, slot: number, resource: number, subject: number): boolean {
  search.budget--;
  const { table, request } = search;
  if (!table.matchesAny(slot, 'actions')) return false;
  if (resource === loose ? !table.matchesAny(slot, 'resources') : !table.resources.matches(resource)) return false;
  if (subject <= loose ? !table.matchesAny(slot, 'subjects') : !table.subjects.matches(subject)) return false;
  if (!isCurrent(search, slot)) return false;
  const conditions = table.conditionsOf(slot);
  if (conditions === undefined) return true;
  const evaluation = { subject: search.subject, resource: request.resource };
  return findUnfulfilled(conditions, request.context, evaluation) === undefined;
}

/** Whether a policy applies at this time. It will, or will no longer, from a bound on that ends the decision. */
function isCurrent(search: Search, slot: number): boolean {
  const validity = search.table.validityOf(slot);
  if (validity === undefined) return true;
  const outside = findOutside(validity, search.now);
  search.end = Math.min(search.end, nextBoundary(validity, search.now));
  return outside === undefined;
}
