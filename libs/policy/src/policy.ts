import { ConditionError } from './conditions/condition.js';
import { compileCondition } from './conditions/table.js';
import { checkId } from './id.js';
import type { JsonObject } from './json.js';
import { PolicyError } from './policy-error.js';
import { compileTemplate } from './template.js';
import { TemplateError } from './template-syntax.js';
import { findUnstorable } from './text.js';
import { checkValidity, type Validity } from './validity.js';

/** What a policy does to the access requests that it matches. */
export type Effect = 'allow' | 'deny';

/** A condition as it is written: its type and what the type asks for. */
export type ConditionDefinition = { readonly type: string; readonly options: JsonObject };

/** Conditions by name; the name is the member of the context that is looked at. Own members only. */
export type Conditions = { readonly [name: string]: ConditionDefinition };

/** A policy. Each list holds templates, any of which may match; an empty list matches nothing. */
export type Policy = Validity & {
  readonly id: string;
  readonly description: string;
  readonly subjects: readonly string[];
  readonly effect: Effect;
  readonly resources: readonly string[];
  readonly actions: readonly string[];
  readonly conditions: Conditions;
};

/** What somebody asks to be stored: a policy of which nothing has been checked but the shape. */
export type PolicyDraft = Omit<Policy, 'effect'> & { readonly effect: string };

/** Most templates in one list of a policy. */
export const maxTemplates = 1000;
/** Most instructions that the patterns of a policy may compile to, all together: each replica keeps them in memory. */
export const maxPolicyCost = 100_000;
/** Most conditions of a policy. */
export const maxConditions = 100;
const maxDescriptionLength = 4096;
const maxConditionNameLength = 255;
const maxOptionsBytes = 4096;

/**
 * Checks a policy before it is stored: every template and condition must compile. Duplicate templates are dropped, and
 * of options what their type knows is kept. Throws PolicyError, whose message names the member.
 */
export function validatePolicy(draft: PolicyDraft): Policy {
  checkId(draft.id);
  if (draft.description.length > maxDescriptionLength) {
    throw new PolicyError('description', `must not be longer than ${maxDescriptionLength} characters`);
  }
  if (findUnstorable(draft.description) >= 0) throw new PolicyError('description', 'holds NUL or a lone surrogate');
  return {
    id: draft.id,
    description: draft.description,
    effect: checkEffect(draft.effect),
    ...checkLists(draft),
    conditions: checkConditions(draft.conditions),
    ...checkValidity(draft),
  };
}

function checkEffect(effect: string): Effect {
  if (effect !== 'allow' && effect !== 'deny') throw new PolicyError('effect', "must be 'allow' or 'deny'");
  return effect;
}

function checkLists({ subjects, resources, actions }: PolicyDraft): Pick<Policy, 'subjects' | 'resources' | 'actions'> {
  const budget = { left: maxPolicyCost };
  return {
    subjects: checkTemplates('subjects', subjects, budget),
    resources: checkTemplates('resources', resources, budget),
    actions: checkTemplates('actions', actions, budget),
  };
}

/** Stops at the template that spends the budget, so that a refusal is cheap as well. */
function checkTemplates(member: string, templates: readonly string[], budget: { left: number }): readonly string[] {
  if (templates.length > maxTemplates)
    throw new PolicyError(member, `must not hold more than ${maxTemplates} templates`);
  const distinct = new Set<string>();
  for (const [index, template] of templates.entries()) {
    if (distinct.has(template)) continue;
    distinct.add(template);
    budget.left -= blame(`${member}[${index}]`, () => compileTemplate(template)).cost;
    if (budget.left < 0) {
      throw new PolicyError(`${member}[${index}]`, 'the patterns of the policy are too large together; divide it');
    }
  }
  return [...distinct];
}

function checkConditions(conditions: Conditions): Conditions {
  const entries = Object.entries(conditions);
  if (entries.length > maxConditions) {
    throw new PolicyError('conditions', `must not hold more than ${maxConditions} conditions`);
  }
  return Object.fromEntries(entries.map(([name, definition]) => [name, checkCondition(name, definition)]));
}

function checkCondition(name: string, { type, options }: ConditionDefinition): ConditionDefinition {
  if (name.length > maxConditionNameLength || findUnstorable(name) >= 0) {
    throw new PolicyError('conditions', `a name is longer than ${maxConditionNameLength} characters or malformed`);
  }
  const member = `conditions.${name}`;
  const condition = blame(member, () => compileCondition(type, options));
  for (const value of Object.values(condition.options)) {
    if (typeof value !== 'string') continue;
    if (Buffer.byteLength(value) > maxOptionsBytes)
      throw new PolicyError(member, `an option is longer than ${maxOptionsBytes} bytes`);
    if (findUnstorable(value) >= 0) throw new PolicyError(member, 'an option holds NUL or a lone surrogate');
  }
  return { type, options: condition.options };
}

function blame<T>(member: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (error instanceof TemplateError || error instanceof ConditionError) throw new PolicyError(member, error.message);
    throw error;
  }
}
