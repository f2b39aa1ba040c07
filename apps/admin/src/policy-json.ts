import { formatBound, parseBound, PolicyError } from '@castellan/policy';
import type { wardenV1 } from '@castellan/rpc';
import { z } from 'zod';

import { badRequest } from './admin-error.js';
import { jsonObject, listSchema as list, objectSchema, textSchema as text } from './json.js';

/** Body of POST and PUT `/policies`. Unknown members are ignored (rulings 39). */
export const policyBodySchema = z.object({
  id: text,
  description: text,
  subjects: list,
  effect: text,
  resources: list,
  actions: list,
  conditions: objectSchema.nullish(),
  valid_from: text,
  valid_until: text,
});

export type PolicyBody = z.infer<typeof policyBodySchema>;

/**
 * Reads a policy from a body.
 * @throws HttpError 400 where a bound of its validity is no time
 */
export function policyFromBody(body: PolicyBody): wardenV1.Policy {
  return {
    id: body.id ?? '',
    description: body.description ?? '',
    subjects: body.subjects ?? [],
    effect: body.effect ?? '',
    resources: body.resources ?? [],
    actions: body.actions ?? [],
    conditionsJson: body.conditions ? JSON.stringify(body.conditions) : '',
    validFromMs: readBound('valid_from', body.valid_from),
    validUntilMs: readBound('valid_until', body.valid_until),
  };
}

function readBound(member: 'valid_from' | 'valid_until', written: string | null | undefined): number | undefined {
  try {
    return parseBound(member, written ?? '');
  } catch (error) {
    throw error instanceof PolicyError ? badRequest(error.message) : error;
  }
}

/** Writes a policy: lists are arrays, conditions an object, `{}` when there are none; bounds only where there are some. */
export function policyJson(policy: wardenV1.Policy): string {
  return jsonObject([
    ['id', JSON.stringify(policy.id)],
    ['description', JSON.stringify(policy.description)],
    ['subjects', JSON.stringify(policy.subjects)],
    ['effect', JSON.stringify(policy.effect)],
    ['resources', JSON.stringify(policy.resources)],
    ['actions', JSON.stringify(policy.actions)],
    ['conditions', conditionsJson(policy.conditionsJson)],
    ['valid_from', boundJson(policy.validFromMs)],
    ['valid_until', boundJson(policy.validUntilMs)],
  ]);
}

function boundJson(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : JSON.stringify(formatBound(milliseconds));
}

/** Writes conditions ordered by name, whatever order the store keeps them in. */
function conditionsJson(stored: string): string {
  const conditions: unknown = JSON.parse(stored !== '' ? stored : '{}');
  const ordered = Object.entries(Object(conditions)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return jsonObject(ordered.map(([name, condition]) => [name, JSON.stringify(condition)]));
}
