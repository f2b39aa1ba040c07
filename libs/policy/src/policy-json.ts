import { z } from 'zod';
import { isJsonObject, type JsonObject, ownMember } from './json.js';
import type { ConditionDefinition, Conditions, Policy, PolicyDraft } from './policy.js';
import { PolicyError } from './policy-error.js';
import { formatBound, parseBound } from './validity.js';

/** A policy on the wire (ladon's shape). */
export type PolicyJson = {
  readonly id: string;
  readonly description: string;
  readonly subjects: readonly string[];
  readonly effect: string;
  readonly resources: readonly string[];
  readonly actions: readonly string[];
  readonly conditions: { readonly [name: string]: { readonly type: string; readonly options: JsonObject } };
  /** RFC 3339; absent without such a bound. */
  readonly valid_from?: string;
  readonly valid_until?: string;
};

const listSchema = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const textSchema = z
  .string()
  .nullish()
  .transform((text) => text ?? '');

/** Members of other names are ignored, as the original did. Conditions are read by hand: a record would drop `__proto__`. */
const policySchema = z.object({
  id: textSchema,
  description: textSchema,
  subjects: listSchema,
  effect: textSchema,
  resources: listSchema,
  actions: listSchema,
  conditions: z.unknown().optional(),
  valid_from: textSchema,
  valid_until: textSchema,
});

/**
 * Reads the wire form. Missing and null members are empty. Throws PolicyError for a wrong shape; what the members say is
 * for `validatePolicy` to judge.
 */
export function parsePolicyJson(value: unknown): PolicyDraft {
  const parsed = policySchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PolicyError(issue?.path.join('.') || 'policy', issue?.message ?? 'malformed');
  }
  const { valid_from: from, valid_until: until, ...members } = parsed.data;
  const validFrom = parseBound('valid_from', from);
  const validUntil = parseBound('valid_until', until);
  return {
    ...members,
    conditions: parseConditionsJson(members.conditions),
    ...(validFrom !== undefined ? { validFrom } : {}),
    ...(validUntil !== undefined ? { validUntil } : {}),
  };
}

/** Reads conditions: an object of `{type, options?}`; missing and null are none. Throws PolicyError for a wrong shape. */
export function parseConditionsJson(value: unknown): Conditions {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw new PolicyError('conditions', 'must be an object');
  return Object.fromEntries(
    Object.entries(value).map(([name, definition]) => [name, parseDefinition(name, definition)]),
  );
}

/** Writes the wire form: lists are arrays, conditions and options objects. */
export function policyToJson(policy: Policy): PolicyJson {
  const { id, description, subjects, effect, resources, actions, conditions, validFrom, validUntil } = policy;
  return {
    id,
    description,
    subjects,
    effect,
    resources,
    actions,
    conditions,
    ...(validFrom !== undefined ? { valid_from: formatBound(validFrom) } : {}),
    ...(validUntil !== undefined ? { valid_until: formatBound(validUntil) } : {}),
  };
}

function parseDefinition(name: string, definition: unknown): ConditionDefinition {
  const member = `conditions.${name.slice(0, 64)}`;
  if (!isJsonObject(definition)) throw new PolicyError(member, 'must be an object');
  const type = ownMember(definition, 'type');
  const options = ownMember(definition, 'options') ?? {};
  if (typeof type !== 'string') throw new PolicyError(member, 'type must be a string');
  if (!isJsonObject(options)) throw new PolicyError(member, 'options must be an object');
  return { type, options };
}
