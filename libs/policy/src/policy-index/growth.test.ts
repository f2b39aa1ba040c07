import { describe, expect, it } from 'vitest';
import { Growth } from './growth.js';

describe('a table that is full', () => {
  it('doubles while it is small, and grows by a quarter when it is large', () => {
    const growth = new Growth();
    expect(growth.longer(16)).toBe(32);
    expect(growth.longer(2048)).toBe(4096);
    expect(growth.longer(4096)).toBe(5120);
    expect(growth.longer(1_000_000)).toBe(1_250_000);
  });

  it('grows to what all policies of a load will need, by those that are in', () => {
    const growth = new Growth();
    growth.report(50_000, 100_000);
    expect(growth.longer(40_000)).toBe(82_400);
    growth.report(1_000, 1_000_000);
    expect(growth.longer(1_024)).toBe(4_096);
    growth.report(99_999, 100_000);
    expect(growth.longer(100_000)).toBe(105_000);
  });

  it('grows as ever when few policies are in, and after the load', () => {
    const growth = new Growth();
    growth.report(10, 100_000);
    expect(growth.longer(64)).toBe(128);
    growth.report(100_000, 100_000);
    expect(growth.longer(100_000)).toBe(125_000);
  });

  it('always becomes longer', () => {
    const growth = new Growth();
    const lengths = Array.from({ length: 10_000 }, (_, i) => i + 1);
    for (const done of [0, 300, 999, 1_000]) {
      growth.report(done, 1_000);
      expect(lengths.filter((length) => growth.longer(length) <= length)).toEqual([]);
    }
  });
});
