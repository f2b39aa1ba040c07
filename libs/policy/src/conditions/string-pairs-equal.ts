import type { Condition } from './condition.js';

/** Fulfilled by a list of pairs of equal strings; the empty list fulfils it. */
export function stringPairsEqualCondition(): Condition {
  return {
    options: {},
    isFulfilled(value) {
      if (!Array.isArray(value)) return false;
      return value.every(
        (pair: unknown) =>
          Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && pair[0] === pair[1],
      );
    },
  };
}
