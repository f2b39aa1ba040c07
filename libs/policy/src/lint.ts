import { PolicyIndex } from './policy-index.js';
import type { Policy } from './policy.js';
import { compileTemplate, type Template } from './template.js';
import { coversEvery, expressionsOf, isUniversal, sampleOf } from './template-cover.js';
import { formatBound } from './validity.js';

/** What a rule found: `error` for what is surely not meant, `warning` for what may be. */
export type LintFinding = {
  readonly policyId: string;
  readonly rule: LintRule;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** The other policy that it is about. */
  readonly otherId?: string;
};

export type LintRule =
  'never_matches' | 'validity_over' | 'shadowed' | 'matches_everything' | 'expensive_pattern' | 'duplicate';

type Lists = {
  readonly subjects: readonly Template[];
  readonly resources: readonly Template[];
  readonly actions: readonly Template[];
};
type Linted = { readonly policy: Policy; readonly lists: Lists };
type Rule = (linted: Linted, set: PolicySet) => readonly LintFinding[];

const listNames = ['subjects', 'resources', 'actions'] as const;

/** What the rules ask of all policies. */
type PolicySet = {
  readonly now: number;
  /** Policies without conditions and bounds that deny, by ID. */
  readonly denials: ReadonlyMap<string, Linted>;
  /** The same, to be asked which of them might matter. */
  readonly index: PolicyIndex;
  /** The first policy of each content. */
  readonly firstByContent: ReadonlyMap<string, string>;
};

const rules: readonly Rule[] = [
  findNeverMatching,
  findOver,
  findMatchingEverything,
  findShadowed,
  findExpensive,
  findDuplicate,
];

/**
 * Looks for policies that are surely or probably not what was meant, at a time (milliseconds since the epoch). Whether
 * one template covers another is decided for literal text, lists of alternatives, prefixes and `<.*>`; what is covered in
 * other ways is not found, and values that hold a newline are not thought of. The policies must be valid.
 */
export function lintPolicies(policies: readonly Policy[], now: number): readonly LintFinding[] {
  const compiled = new Map<string, Template>();
  const linted = policies.map((policy) => ({ policy, lists: compileLists(policy, compiled) }));
  const denials = linted.filter(({ policy }) => policy.effect === 'deny' && isUnconditional(policy));
  const set: PolicySet = {
    now,
    denials: new Map(denials.map((one) => [one.policy.id, one])),
    index: new PolicyIndex({
      revision: { number: 0, mark: '' },
      policies: denials.map(({ policy }) => policy),
      memberships: [],
    }),
    firstByContent: new Map(policies.toReversed().map((policy) => [contentOf(policy), policy.id])),
  };
  return linted.flatMap((one) => rules.flatMap((rule) => rule(one, set)));
}

function compileLists(policy: Policy, compiled: Map<string, Template>): Lists {
  const compile = (text: string): Template => {
    const known = compiled.get(text) ?? compileTemplate(text);
    compiled.set(text, known);
    return known;
  };
  return {
    subjects: policy.subjects.map(compile),
    resources: policy.resources.map(compile),
    actions: policy.actions.map(compile),
  };
}

function isUnconditional({ conditions, validFrom, validUntil }: Policy): boolean {
  return Object.keys(conditions).length === 0 && validFrom === undefined && validUntil === undefined;
}

function findNeverMatching({ policy }: Linted): readonly LintFinding[] {
  return listNames
    .filter((list) => policy[list].length === 0)
    .map((list) => ({
      policyId: policy.id,
      rule: 'never_matches',
      severity: 'error',
      message: `its ${list} are empty, so that it matches nothing`,
    }));
}

function findOver({ policy }: Linted, { now }: PolicySet): readonly LintFinding[] {
  if (policy.validUntil === undefined || policy.validUntil > now) return [];
  const message = `it applied until ${formatBound(policy.validUntil)} and never will again`;
  return [{ policyId: policy.id, rule: 'validity_over', severity: 'warning', message }];
}

function findMatchingEverything({ policy, lists }: Linted): readonly LintFinding[] {
  if (!listNames.every((list) => lists[list].some(isUniversal))) return [];
  const conditions = Object.keys(policy.conditions).length;
  const message = `it ${policy.effect === 'allow' ? 'allows' : 'denies'} everybody everything`;
  return conditions === 0
    ? [{ policyId: policy.id, rule: 'matches_everything', severity: 'error', message }]
    : [
        {
          policyId: policy.id,
          rule: 'matches_everything',
          severity: 'warning',
          message: `${message} where its conditions are fulfilled`,
        },
      ];
}

function findShadowed({ policy, lists }: Linted, set: PolicySet): readonly LintFinding[] {
  if (policy.effect !== 'allow' || listNames.some((list) => lists[list].length === 0)) return [];
  const shadow = candidates(lists, set).find((denial) =>
    listNames.every((list) => lists[list].every((template) => coversEvery(denial.lists[list], template))),
  );
  if (shadow === undefined) return [];
  const otherId = shadow.policy.id;
  const message = `policy ${otherId} denies all that it allows`;
  return [{ policyId: policy.id, rule: 'shadowed', severity: 'error', message, otherId }];
}

/** Denials that may cover the lists: those that match one access request which the lists match, where one is known. */
function candidates({ subjects, resources, actions }: Lists, { denials, index }: PolicySet): readonly Linted[] {
  const [subject, resource, action] = [subjects, resources, actions].map(([first]) => first && sampleOf(first));
  if (!subject || !resource || !action) return [...denials.values()];
  const { policies } = index.explain({ subject, resource, action, context: {}, anonymous: false });
  return policies.flatMap(({ id }) => denials.get(id) ?? []);
}

function findExpensive({ policy, lists }: Linted): readonly LintFinding[] {
  return listNames.flatMap((list) =>
    lists[list].flatMap((template): readonly LintFinding[] => {
      const reason = reasonForCost(template);
      if (reason === undefined) return [];
      const message = `its ${list} hold ${template.text}, which ${reason}`;
      return [{ policyId: policy.id, rule: 'expensive_pattern', severity: 'warning', message }];
    }),
  );
}

/** Longest expression that is taken for a simple one, in characters. */
const maxSimpleExpression = 128;
const nestedRepetition = /\((?:[^()\\]|\\.)*(?:[*+]|\{\d)(?:[^()\\]|\\.)*\)(?:[*+]|\{\d)/;
const longRepetition = /\{\d*,?\d{3,}\}|\{\d{3,},?\d*\}/;

function reasonForCost(template: Template): string | undefined {
  if (template.values !== undefined || isUniversal(template)) return undefined;
  const sources = expressionsOf(template);
  if (sources.some((source) => nestedRepetition.test(source))) return 'repeats a repetition';
  if (sources.some((source) => longRepetition.test(source))) return 'counts far';
  if (sources.some((source) => source.length > maxSimpleExpression)) return 'holds a long expression';
  const { prefix, suffix } = template.literals;
  return prefix + suffix === ''
    ? 'begins and ends with an expression, so that few access requests are told from it beforehand'
    : undefined;
}

function findDuplicate({ policy }: Linted, { firstByContent }: PolicySet): readonly LintFinding[] {
  const otherId = firstByContent.get(contentOf(policy));
  if (otherId === undefined || otherId === policy.id) return [];
  const message = `it says the same as policy ${otherId}`;
  return [{ policyId: policy.id, rule: 'duplicate', severity: 'warning', message, otherId }];
}

/** What a policy says, whatever it is called and in whatever order. */
function contentOf(policy: Policy): string {
  const { effect, conditions, validFrom, validUntil } = policy;
  const lists = listNames.map((list) => policy[list].toSorted());
  return JSON.stringify([effect, lists, sortMembers(conditions), validFrom ?? null, validUntil ?? null]);
}

function sortMembers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sortMembers);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return members.map(([name, member]) => [name, sortMembers(member)]);
}
