/** How many requests may be under way, and what moves that number. */
export type ConcurrencyLimits = {
  /** The limit never falls below: a machine that is slow for other reasons serves on. */
  readonly min: number;
  /** The limit at the start, and the most that is ever under way. */
  readonly max: number;
  /** Milliseconds that an event may stand in line, interval after interval, before the limit falls. */
  readonly targetDelayMs: number;
};

/** What was seen in one interval. */
export type IntervalFacts = {
  /** The least that an event stood in line: a burst that was worked off leaves nothing. */
  readonly standingDelayMs: number;
  /** The most requests that were under way at once. */
  readonly peak: number;
};

/** A limit that moves. */
export type ConcurrencyLimit = {
  readonly value: number;
  adjust(facts: IntervalFacts): void;
};

const SLOWEST_FALL = 0.9;
const STEEPEST_FALL = 0.5;
const RISE = 0.05;
const LEAST_RISE = 4;

/**
 * Additive increase, multiplicative decrease on the delay that stands (as CoDel, RFC 8289, tells a bad queue from a good
 * one): the limit falls from what was really under way towards what keeps the target, and rises whenever nothing stands in
 * line: an overload that is over leaves no trace after some seconds.
 */
export function createConcurrencyLimit({ min, max, targetDelayMs }: ConcurrencyLimits): ConcurrencyLimit {
  let value = max;
  return {
    get value() {
      return value;
    },
    adjust({ standingDelayMs, peak }) {
      if (standingDelayMs > targetDelayMs) {
        const fall = Math.min(Math.max(targetDelayMs / standingDelayMs, STEEPEST_FALL), SLOWEST_FALL);
        if (peak > min) value = Math.max(min, Math.floor(Math.min(value, peak) * fall));
        return;
      }
      value = Math.min(max, value + Math.max(LEAST_RISE, Math.floor(value * RISE)));
    },
  };
}
