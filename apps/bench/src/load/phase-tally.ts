import { percentile } from '../statistics.js';

/**
 * What one phase brought. Percentiles are of what was due after the limits settled, 0 of nothing; durations are in
 * milliseconds.
 */
export type PhaseResult = {
  readonly seconds: number;
  /** Answers of status 200. */
  readonly admitted: number;
  /** From when they were due: with the wait for a connection that is free. */
  readonly admittedP50Ms: number;
  readonly admittedP99Ms: number;
  /** The same from when they were sent. */
  readonly servedP50Ms: number;
  readonly servedP99Ms: number;
  /** Answers of status 429 and 503. */
  readonly refused: number;
  readonly refusedP50Ms: number;
  readonly refusedP99Ms: number;
  /** Refusals that do not say when to come again. */
  readonly withoutRetryAfter: number;
  /** Other answers, and connections that broke. */
  readonly failures: number;
  /** What no connection was free for. */
  readonly unsent: number;
  /** When the last request that was refused or late was due, from the start of the phase; 0 when none was. */
  readonly lastRefusedMs: number;
};

type Sent = { readonly dueAt: number; readonly sentAt: number };

/** Counts the answers of a phase. */
export class PhaseTally {
  private readonly admitted: number[] = [];
  private readonly served: number[] = [];
  private readonly refused: number[] = [];
  private allAdmitted = 0;
  private allRefused = 0;
  private withoutRetryAfter = 0;
  private failures = 0;
  private unsent = 0;
  private lastRefusedMs = 0;

  constructor(
    private readonly startedAt: number,
    private readonly settleMs: number,
  ) {}

  answer(status: number, { dueAt, sentAt }: Sent, now: number, hasRetryAfter: boolean): void {
    const isSettled = dueAt - this.startedAt >= this.settleMs;
    if (status === 200) {
      this.allAdmitted++;
      if (isSettled) {
        this.admitted.push(now - dueAt);
        this.served.push(now - sentAt);
      }
    } else if (status === 429 || status === 503) {
      this.allRefused++;
      this.lastRefusedMs = Math.max(this.lastRefusedMs, dueAt - this.startedAt);
      if (!hasRetryAfter) this.withoutRetryAfter++;
      if (isSettled) this.refused.push(now - sentAt);
    } else this.failures++;
  }

  fail(): void {
    this.failures++;
  }

  giveUp(count: number): void {
    this.unsent += count;
  }

  result(seconds: number): PhaseResult {
    const admitted = Float64Array.from(this.admitted).sort();
    const served = Float64Array.from(this.served).sort();
    const refused = Float64Array.from(this.refused).sort();
    return {
      seconds,
      admitted: this.allAdmitted,
      admittedP50Ms: percentileOf(admitted, 0.5),
      admittedP99Ms: percentileOf(admitted, 0.99),
      servedP50Ms: percentileOf(served, 0.5),
      servedP99Ms: percentileOf(served, 0.99),
      refused: this.allRefused,
      refusedP50Ms: percentileOf(refused, 0.5),
      refusedP99Ms: percentileOf(refused, 0.99),
      withoutRetryAfter: this.withoutRetryAfter,
      failures: this.failures,
      unsent: this.unsent,
      lastRefusedMs: this.lastRefusedMs,
    };
  }
}

/** 0 of nothing: the result travels as JSON, which has no NaN. */
function percentileOf(sorted: Float64Array, share: number): number {
  return sorted.length === 0 ? 0 : percentile(sorted, share);
}
