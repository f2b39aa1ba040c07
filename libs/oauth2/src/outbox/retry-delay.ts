const firstMs = 1_000;
const longestMs = 3_600_000;

/**
 * How long to wait after the failure of an attempt, in milliseconds: doubling from a second to an hour, and anything
 * between half of that and the whole, so that what failed together does not come together again. `random` is 0 to 1.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(whole / 2 + (whole / 2) * random);
}
