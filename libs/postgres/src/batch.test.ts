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

describe('an outage during a batch', () => {
  function failing(errors: readonly Error[]) {
    const sizes: number[] = [];
    const call = createBatcher<number, number>({
      run: async (items) => {
        const error = errors[sizes.length];
        sizes.push(items.length);
        if (error !== undefined) throw error;
        return items;
      },
    });
    return { sizes, call: () => Promise.allSettled([1, 2, 3].map((item) => call(item))) };
  }
  const lost = new Error('Connection terminated unexpectedly');

  it('fails every item at once where the database is slow, locked, full, read-only or away', async () => {
    const causes = [
      new Error('Query read timeout'),
      new Error('timeout exceeded when trying to connect'),
      ...['57014', '55P03', '53100', '53300', '25006', '57P03', 'ECONNREFUSED'].map((code) =>
        Object.assign(new Error(`code ${code}`), { code }),
      ),
    ];
    for (const cause of causes) {
      const { sizes, call } = failing([cause]);
      expect(await call(), cause.message).toEqual(Array(3).fill({ status: 'rejected', reason: cause }));
      expect(sizes, cause.message).toEqual([3]);
    }
  });

  it('tries the whole batch once more where only the connection was lost', async () => {
    const one = failing([lost]);
    expect((await one.call()).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect(one.sizes).toEqual([3, 3]);
    const two = failing([lost, lost]);
    expect(await two.call()).toEqual(Array(3).fill({ status: 'rejected', reason: lost }));
    expect(two.sizes).toEqual([3, 3]);
  });

  it('tries items alone where the statement itself was refused', async () => {
    const { sizes, call } = failing([Object.assign(new Error('duplicate key'), { code: '23505' })]);
    expect((await call()).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect(sizes).toEqual([3, 1, 1, 1]);
  });
});
