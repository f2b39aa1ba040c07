import type { AccessRequest } from './access-request.js';
import type { Condition, Evaluation } from './conditions/condition.js';
import { compileCondition } from './conditions/table.js';
import { isJsonObject, ownMember } from './json.js';
import type { ConditionDefinition, Effect } from './policy.js';
import { compileTemplate, type Template } from './template.js';

/**
 * A policy as a store hands it over. It was checked when it was written, but perhaps by another release or by a hand
 * in the database, so that nothing is taken for granted here.
 */
export type StoredPolicy = {
  readonly id: string;
  readonly subjects: readonly string[];
  readonly effect: string;
  readonly resources: readonly string[];
  readonly actions: readonly string[];
  readonly conditions: unknown;
};

/** What a policy says about an access request that it matches. `invalid`: it cannot be evaluated. */
export type Verdict = Effect | 'invalid';

/** A policy ready to be asked. */
export type CompiledPolicy = {
  readonly id: string;
  readonly verdict: Verdict;
  readonly subjects: readonly Matcher[];
  readonly resources: readonly Matcher[];
  readonly actions: readonly Matcher[];
  readonly conditions: readonly NamedCondition[];
};

type Matcher = Pick<Template, 'matches'>;
type NamedCondition = { readonly name: string; readonly condition: Pick<Condition, 'isFulfilled'> };

/** Compiled templates by their whole text. */
export type TemplateCache = Map<string, Template | undefined>;

/** A part that cannot be compiled might have matched anything. */
const anything: Matcher = { matches: () => true };

/**
 * Compiles a stored policy; never throws. A policy of which a part cannot be compiled keeps the other parts, and every
 * access request that these do not rule out is denied by it: to skip it could be to skip a denial.
 */
export function compilePolicy(policy: StoredPolicy, templates: TemplateCache): CompiledPolicy {
  let valid = policy.effect === 'allow' || policy.effect === 'deny';
  function compileList(texts: readonly string[]): readonly Matcher[] {
    return texts.map((text) => {
      const template = findTemplate(text, templates);
      if (template === undefined) valid = false;
      return template ?? anything;
    });
  }
  const subjects = compileList(policy.subjects);
  const resources = compileList(policy.resources);
  const actions = compileList(policy.actions);
  const conditions = compileConditions(policy.conditions);
  if (conditions === undefined) valid = false;
  return {
    id: policy.id,
    verdict: valid ? (policy.effect as Effect) : 'invalid',
    subjects,
    resources,
    actions,
    conditions: conditions ?? [],
  };
}

/** Whether a policy matches an access request for a subject, which is the request's own or one of its groups. */
export function matchesPolicy(policy: CompiledPolicy, request: AccessRequest, subject: string): boolean {
  return (
    matchesAny(policy.actions, request.action) &&
    matchesAny(policy.subjects, subject) &&
    matchesAny(policy.resources, request.resource) &&
    areFulfilled(policy.conditions, request, { subject, resource: request.resource })
  );
}

function matchesAny(templates: readonly Matcher[], value: string): boolean {
  return templates.some((template) => template.matches(value));
}

/** A member that the context lacks is asked as undefined, which no condition accepts. */
function areFulfilled(conditions: readonly NamedCondition[], request: AccessRequest, evaluation: Evaluation): boolean {
  return conditions.every(({ name, condition }) => condition.isFulfilled(ownMember(request.context, name), evaluation));
}

function findTemplate(text: string, templates: TemplateCache): Template | undefined {
  if (templates.has(text)) return templates.get(text);
  const template = tryCompile(() => compileTemplate(text));
  templates.set(text, template);
  return template;
}

function compileConditions(conditions: unknown): readonly NamedCondition[] | undefined {
  if (!isJsonObject(conditions)) return undefined;
  const compiled: NamedCondition[] = [];
  for (const [name, definition] of Object.entries(conditions)) {
    const condition = isDefinition(definition)
      ? tryCompile(() => compileCondition(definition.type, definition.options))
      : undefined;
    if (condition === undefined) return undefined;
    compiled.push({ name, condition });
  }
  return compiled;
}

function isDefinition(value: unknown): value is ConditionDefinition {
  return (
    isJsonObject(value) && typeof ownMember(value, 'type') === 'string' && isJsonObject(ownMember(value, 'options'))
  );
}

function tryCompile<T>(compile: () => T): T | undefined {
  try {
    return compile();
  } catch {
    // Whatever the reason: one policy that cannot be compiled must not stop the decisions that it does not concern.
    return undefined;
  }
}
