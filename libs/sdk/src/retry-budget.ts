/** How many calls may be repeated: a share of all calls, so that an outage is not answered with a flood. */
export type RetryBudget = {
  /** Notes a call. */
  earn(): void;
  /** Whether one call may be repeated now; that spends from the budget. */
  spend(): boolean;
};

/** Makes a full budget. Each call earns `ratio` of a retry; at most `most` are saved up. */
export function createRetryBudget({ ratio, most }: { readonly ratio: number; readonly most: number }): RetryBudget {
  let saved = most;
  return {
    earn() {
      saved = Math.min(most, saved + ratio);
    },
    spend() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
