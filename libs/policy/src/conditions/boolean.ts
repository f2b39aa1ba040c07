import { type JsonObject, ownMember } from '../json.js';
import { type Condition, ConditionError } from './condition.js';

/** Fulfilled by a boolean equal to `value`. */
export function booleanCondition(options: JsonObject): Condition {
  const expected = ownMember(options, 'value');
  if (typeof expected !== 'boolean') throw new ConditionError('value must be true or false');
  return { options: { value: expected }, isFulfilled: (value) => value === expected };
}
