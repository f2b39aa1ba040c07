import { percentile } from '../statistics.js';
import type { LoadResult } from './plan.js';

/** Counts answers and how long they took. */
export class Tally {
  private readonly durations: number[] = [];
  private failures = 0;
  private firstFailure: string | undefined;

  /** One more that came out as it should, begun at a time of `performance.now()`. */
  succeed(since: number): void {
    this.durations.push(performance.now() - since);
  }

  /** One more that did not; what was seen is kept for the reader. */
  fail(what: string): void {
    this.failures++;
    this.firstFailure ??= what.slice(0, 500);
  }

  result(seconds: number, brokenConnections: number): LoadResult {
    const sorted = Float64Array.from(this.durations).sort();
    return {
      completed: sorted.length,
      seconds,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      failures: this.failures + brokenConnections,
      ...(this.firstFailure !== undefined ? { firstFailure: this.firstFailure } : {}),
    };
  }
}
