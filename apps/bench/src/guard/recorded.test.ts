import { describe, expect, it } from 'vitest';
import { better, findDrops, worse } from './recorded.js';

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

  it('lets the better of two tries count', () => {
    expect(better({ one: 1, two: 2 }, { one: 3 })).toEqual({ one: 3, two: 2 });
  });

  it('keeps the worse of several recordings, of ratios that are still measured', () => {
    expect(worse({ one: 1, gone: 2 }, { one: 3, fresh: 4 })).toEqual({ one: 1, fresh: 4 });
  });
});
