import { describe, expect, it } from 'vitest';
import { median, percentile } from './statistics.js';

describe('statistics', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
  ])('the median of %j is %d', (figures, middle) => {
    expect(median(figures)).toBe(middle);
  });

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('the percentile %d of 1 to 100 is %d', (share, value) => {
    const figures = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(figures, share)).toBe(value);
  });

  it('nothing has no median', () => {
    expect(median([])).toBeNaN();
    expect(percentile([], 0.5)).toBeNaN();
  });
});
