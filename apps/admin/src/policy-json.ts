import type { wardenV1 } from '@castellan/rpc';
import { z } from 'zod';

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
});

export type PolicyBody = z.infer<typeof policyBodySchema>;

/** Reads a policy from a body. */
export function policyFromBody(body: PolicyBody): wardenV1.Policy {
  return {
    id: body.id ?? '',
    description: body.description ?? '',
    subjects: body.subjects ?? [],
    effect: body.effect ?? '',
    resources: body.resources ?? [],
    actions: body.actions ?? [],
    conditionsJson: body.conditions ? JSON.stringify(body.conditions) : '',
  };
}

/** Writes a policy: lists are arrays, conditions an object, `{}` when there are none. */
export function policyJson(policy: wardenV1.Policy): string {
  return jsonObject([
    ['id', JSON.stringify(policy.id)],
    ['description', JSON.stringify(policy.description)],
    ['subjects', JSON.stringify(policy.subjects)],
    ['effect', JSON.stringify(policy.effect)],
    ['resources', JSON.stringify(policy.resources)],
    ['actions', JSON.stringify(policy.actions)],
    ['conditions', conditionsJson(policy.conditionsJson)],
  ]);
}

/** Writes conditions ordered by name, whatever order the store keeps them in. */
function conditionsJson(stored: string): string {
  const conditions: unknown = JSON.parse(stored !== '' ? stored : '{}');
  const ordered = Object.entries(Object(conditions)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return jsonObject(ordered.map(([name, condition]) => [name, JSON.stringify(condition)]));
}
