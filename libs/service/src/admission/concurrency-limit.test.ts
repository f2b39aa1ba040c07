import { describe, expect, it } from 'vitest';
import { createConcurrencyLimit } from './concurrency-limit.js';

const limits = { min: 100, max: 1_000, targetDelayMs: 5 };

describe('the limit on what is under way', () => {
  it('begins at its most and stays there while nothing stands in line', () => {
    const limit = createConcurrencyLimit(limits);
    for (const peak of [0, 10, 1_000]) limit.adjust({ standingDelayMs: 5, peak });
    expect(limit.value).toBe(1_000);
  });

  it('falls from what was under way, by half at most and by a tenth at least, and not below its least', () => {
    const limit = createConcurrencyLimit(limits);
    limit.adjust({ standingDelayMs: 500, peak: 600 });
    expect(limit.value).toBe(300);
    limit.adjust({ standingDelayMs: 5.1, peak: 300 });
    expect(limit.value).toBe(270);
    for (let turn = 0; turn < 10; turn++) limit.adjust({ standingDelayMs: 50, peak: limit.value + 1 });
    expect(limit.value).toBe(100);
  });

  it('does not fall for a delay that few requests cannot have made', () => {
    const limit = createConcurrencyLimit(limits);
    limit.adjust({ standingDelayMs: 500, peak: 100 });
    expect(limit.value).toBe(1_000);
  });

  it('rises by steps to its most when nothing stands in line any more, whether requests are held back or not', () => {
    const limit = createConcurrencyLimit(limits);
    for (let turn = 0; turn < 4; turn++) limit.adjust({ standingDelayMs: 50, peak: 1_000 });
    expect(limit.value).toBe(100);
    limit.adjust({ standingDelayMs: 0, peak: 3 });
    expect(limit.value).toBe(105);
    limit.adjust({ standingDelayMs: 0, peak: 105 });
    expect(limit.value).toBe(110);
    for (let turn = 0; turn < 50; turn++) limit.adjust({ standingDelayMs: 0, peak: 3 });
    expect(limit.value).toBe(1_000);
  });
});
