import { describe, expect, it } from 'vitest';

import { createBriefCache } from './brief-cache.js';

describe('a brief cache', () => {
  it('loads once for callers that come together, and again after its lifetime', async () => {
    let time = 0;
    let loads = 0;
    const read = createBriefCache(
      async () => (loads += 1),
      1_000,
      () => time,
    );
    expect(await Promise.all([read(), read()])).toEqual([1, 1]);
    time = 999;
    expect(await read()).toBe(1);
    time = 1_000;
    expect(await read()).toBe(2);
  });

  it('forgets a load that failed', async () => {
    const outcomes = [() => Promise.reject(new Error('away')), () => Promise.resolve('there')];
    const read = createBriefCache(
      () => outcomes.shift()?.() ?? Promise.reject(new Error('empty')),
      1_000,
      () => 0,
    );
    await expect(read()).rejects.toThrow('away');
    expect(await read()).toBe('there');
  });
});
