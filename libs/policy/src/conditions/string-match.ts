import { compileSearch } from '../expression.js';
import { type JsonObject, ownMember } from '../json.js';
import { maxTemplateBytes } from '../template-syntax.js';
import { type Condition, ConditionError } from './condition.js';

/** Fulfilled by a string in which the RE2 expression `matches` is found anywhere. */
export function stringMatchCondition(options: JsonObject): Condition {
  const matches = ownMember(options, 'matches');
  if (typeof matches !== 'string') throw new ConditionError('matches must be a string');
  if (Buffer.byteLength(matches) > maxTemplateBytes) {
    throw new ConditionError(`matches is longer than ${maxTemplateBytes} bytes`);
  }
  const isFound = compileSearch(matches);
  return { options: { matches }, isFulfilled: (value) => typeof value === 'string' && isFound(value) };
}
