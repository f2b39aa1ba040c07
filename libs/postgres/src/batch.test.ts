import { describe, expect, it } from 'vitest';
import { createBatcher } from './batch.js';

describe('createBatcher', () => {
  it('puts the calls of one event-loop turn into one batch and answers each its own', async () => {
    const batches: number[][] = [];
    const double = createBatcher<number, number>({
      run: async (items) => {
        batches.push([...items]);
        return items.map((item) => item * 2);
      },
    });
    expect(await Promise.all([1, 2, 2, 3].map((item) => double(item)))).toEqual([2, 4, 4, 6]);
    expect(batches).toEqual([[1, 2, 2, 3]]);
  });

  it('keeps at most one batch in flight and puts what arrives meanwhile into the next', async () => {
    const batches: number[][] = [];
    const release: (() => void)[] = [];
    const call = createBatcher<number, number>({
      run: async (items) => {
        batches.push([...items]);
        await new Promise<void>((resolve) => release.push(resolve));
        return items;
      },
    });
    const first = call(1);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const rest = [call(2), call(3)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches).toEqual([[1]]);
    release[0]?.();
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    release[1]?.();
    await Promise.all(rest);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('tries the items of a failing batch alone, so that one bad item fails alone', async () => {
    const call = createBatcher<number, number>({
      run: async (items) => {
        if (items.includes(13)) throw new Error('bad item');
        return items;
      },
    });
    const outcomes = await Promise.allSettled([call(1), call(13), call(2)]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('splits more than the maximum into several batches', async () => {
    const sizes: number[] = [];
    const call = createBatcher<number, number>({
      maxItems: 2,
      run: async (items) => {
        sizes.push(items.length);
        return items;
      },
    });
    await Promise.all([1, 2, 3, 4, 5].map((item) => call(item)));
    expect(sizes).toEqual([2, 2, 1]);
  });
});
