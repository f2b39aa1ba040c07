import { type JsonObject, ownMember } from '../json.js';
import { type Condition, ConditionError } from './condition.js';

/** Fulfilled by a string equal to `equals`. */
export function stringEqualCondition(options: JsonObject): Condition {
  const equals = ownMember(options, 'equals');
  if (typeof equals !== 'string') throw new ConditionError('equals must be a string');
  return { options: { equals }, isFulfilled: (value) => value === equals };
}
