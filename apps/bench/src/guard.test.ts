import { describe, expect, it } from 'vitest';
import { findDrops, guardedRatios } from './guard.js';

describe('the guard over ratios', () => {
  it.each([
    [4, 4, false],
    [4, 2.9, false],
    [4, 2.7, true],
    [4, NaN, true],
  ])('recorded %d, now %d: dropped is %s', (recorded, now, dropped) => {
    expect(findDrops({ ratio: recorded }, { ratio: now }).length === 1).toBe(dropped);
  });

  it('takes a ratio that is no longer measured for dropped, and a new one for none', () => {
    expect(findDrops({ gone: 2 }, { fresh: 1 })).toEqual([{ name: 'gone', recorded: 2, now: 0 }]);
  });

  it('watches guarded ratios only', () => {
    const result = { id: 'P-0', title: '', rows: [], notes: [], violations: [] };
    const ratios = [
      { name: 'watched', value: 1.2345, unit: 'x' as const, guarded: true },
      { name: 'free', value: 1, unit: 'ms' as const },
    ];
    expect(guardedRatios([{ ...result, ratios }])).toEqual({ watched: 1.23 });
  });
});
