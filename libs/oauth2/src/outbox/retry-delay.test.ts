import { describe, expect, it } from 'vitest';
import { retryDelayMs } from './retry-delay.js';

describe('the delay before another attempt', () => {
  it('doubles from a second to an hour, and stays there', () => {
    expect([1, 2, 3, 12, 13, 14, 10_000].map((attempt) => retryDelayMs(attempt, 1))).toEqual([
      1_000, 2_000, 4_000, 2_048_000, 3_600_000, 3_600_000, 3_600_000,
    ]);
  });

  it('is spread over its latter half', () => {
    expect([0, 0.25, 1].map((random) => retryDelayMs(3, random))).toEqual([2_000, 2_500, 4_000]);
  });
});
