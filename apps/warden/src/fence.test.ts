import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFence } from './fence.js';

const seed = Number(process.env['FAST_CHECK_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

type Read = { readonly sentAt: number; resolve(): void; reject(): void };

/** A fence over reads that end when the test says so. A read answers when it was sent, on a clock that counts steps. */
function createTest(): {
  fence(): Promise<number>;
  tick(): number;
  reads: Read[];
  inFlight(): number;
  mostInFlight(): number;
} {
  let clock = 0;
  let flying = 0;
  let most = 0;
  const reads: Read[] = [];
  const fence = createFence(() => {
    const sentAt = ++clock;
    most = Math.max(most, ++flying);
    return new Promise<number>((resolve, reject) => {
      reads.push({
        sentAt,
        resolve: () => (flying--, resolve(sentAt)),
        reject: () => (flying--, reject(new Error(`read ${sentAt}`))),
      });
    });
  });
  return { fence, tick: () => ++clock, reads, inFlight: () => flying, mostInFlight: () => most };
}

/** Lets every promise that can go on do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a fence', () => {
  it('is one read for all who call in one turn', async () => {
    const { fence, reads } = createTest();
    const calls = [fence(), fence(), fence()];
    await settle();
    expect(reads).toHaveLength(1);
    reads[0]?.resolve();
    expect(await Promise.all(calls)).toEqual([1, 1, 1]);
  });

  it('gives nobody a read that was on its way when he called', async () => {
    const { fence, reads, tick } = createTest();
    const first = fence();
    await settle();
    const arrivedAt = tick();
    const late = [fence(), fence()];
    await settle();
    // The second read waits for the first one, and is shared.
    expect(reads).toHaveLength(1);
    reads[0]?.resolve();
    expect(await first).toBe(1);
    await settle();
    expect(reads).toHaveLength(2);
    reads[1]?.resolve();
    for (const sentAt of await Promise.all(late)) expect(sentAt).toBeGreaterThan(arrivedAt);
  });

  it('gives a read also to nobody who called between its end and the word of it', async () => {
    const { fence, reads, tick } = createTest();
    void fence();
    await settle();
    reads[0]?.resolve();
    const arrivedAt = tick();
    const call = fence();
    await settle();
    reads[1]?.resolve();
    expect(await call).toBeGreaterThan(arrivedAt);
  });

  it('fails for those who share the read that failed, and for nobody else', async () => {
    const { fence, reads } = createTest();
    const failing = [fence(), fence()];
    await settle();
    const next = fence();
    reads[0]?.reject();
    for (const call of failing) await expect(call).rejects.toThrow('read 1');
    await settle();
    reads[1]?.resolve();
    expect(await next).toBe(2);
  });

  it('fails for its callers when the read cannot even be sent, and reads again after that', async () => {
    let sendable = false;
    const fence = createFence(() => {
      if (!sendable) throw new Error('no');
      return Promise.resolve(1);
    });
    await expect(fence()).rejects.toThrow('no');
    sendable = true;
    expect(await fence()).toBe(1);
  });

  it(`holds for every order of calls and answers (seed ${seed})`, async () => {
    const step = fc.constantFrom('call', 'call in the same turn', 'answer', 'fail', 'settle');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { fence, reads, tick, inFlight, mostInFlight } = createTest();
        const outcomes: Promise<void>[] = [];
        let answered = 0;
        for (const each of steps) {
          const read = reads[answered];
          if (each.startsWith('call')) {
            const arrivedAt = tick();
            const check = (sentAt: number): void => expect(sentAt).toBeGreaterThan(arrivedAt);
            outcomes.push(fence().then(check, (error: Error) => check(Number(error.message.slice(5)))));
          } else if (each === 'answer' && read !== undefined) {
            answered++;
            read.resolve();
          } else if (each === 'fail' && read !== undefined) {
            answered++;
            read.reject();
          }
          if (each === 'call' || each === 'settle') await settle();
        }
        await settle();
        while (answered < reads.length || inFlight() > 0) {
          reads[answered++]?.resolve();
          await settle();
        }
        await Promise.all(outcomes);
        expect(mostInFlight()).toBeLessThanOrEqual(1);
        expect(reads.length).toBeLessThanOrEqual(outcomes.length);
      }),
      { seed, numRuns: 300 },
    );
  });
});
