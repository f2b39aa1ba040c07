import { isJsonObject, ownMember } from '../json.js';
import type { Condition } from './condition.js';

/**
 * Fulfilled by `{value, delimiter?}` when the resource holds the value between delimiters, or between a delimiter and
 * an end, so that part `1` is not found in part `10`. Without a delimiter any place will do. An empty value is never found.
 */
export function resourceContainsCondition(): Condition {
  return {
    options: {},
    isFulfilled(filter, { resource }) {
      if (!isJsonObject(filter)) return false;
      const value = ownMember(filter, 'value');
      const delimiter = ownMember(filter, 'delimiter') ?? '';
      if (typeof value !== 'string' || value === '' || typeof delimiter !== 'string') return false;
      return `${delimiter}${resource}${delimiter}`.includes(`${delimiter}${value}${delimiter}`);
    },
  };
}
