import { describe, expect, it } from 'vitest';
import { createFairQueue, type Turn } from './fair-queue.js';

/** A queue whose work ends when the test says so; `started` tells whose work began, in order. */
function harness(limits: { concurrency: number; queue: number; perAddress?: number }) {
  const run = createFairQueue({ perAddress: 1_000, ...limits, onDropped: () => new Error('dropped') });
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const outcomes = new Map<string, string>();
  return {
    started,
    outcomes,
    submit(name: string, turn: Turn): Promise<void> {
      const work = () => {
        started.push(name);
        return new Promise<void>((resolve) => ends.push(resolve));
      };
      return run(turn, work).then(
        () => void outcomes.set(name, 'done'),
        () => void outcomes.set(name, 'dropped'),
      );
    },
    async endAll(): Promise<void> {
      for (;;) {
        const end = ends.shift();
        if (end === undefined) return;
        end();
        await new Promise(setImmediate);
      }
    },
  };
}

const turn = (address: string, clientId = 'conf'): Turn => ({ address, clientId });

describe('the fair queue', () => {
  it('lets addresses take turns: one that sends a flood waits behind itself', async () => {
    const queue = harness({ concurrency: 1, queue: 100 });
    const all = [
      ...Array.from({ length: 20 }, (_, n) => queue.submit(`flood ${n}`, turn('192.0.2.66'))),
      queue.submit('honest', turn('198.51.100.7')),
    ];
    await queue.endAll();
    await Promise.all(all);
    expect(queue.started.indexOf('honest')).toBe(2);
    expect(queue.started.slice(-1)).toEqual(['flood 19']);
  });

  it('lets clients behind one address take turns', async () => {
    const queue = harness({ concurrency: 1, queue: 100 });
    const all = [
      ...Array.from({ length: 20 }, (_, n) => queue.submit(`flood ${n}`, turn('192.0.2.1', 'victim'))),
      queue.submit('neighbour', turn('192.0.2.1', 'other')),
    ];
    await queue.endAll();
    await Promise.all(all);
    expect(queue.started.indexOf('neighbour')).toBe(2);
  });

  it('drops the flood when too many wait, never who has little waiting', async () => {
    const queue = harness({ concurrency: 1, queue: 8 });
    const all = Array.from({ length: 50 }, (_, n) => queue.submit(`flood ${n}`, turn('192.0.2.66')));
    const honest = ['a', 'b', 'c'].map((name) => queue.submit(name, turn(`198.51.100.${name}`)));
    await new Promise(setImmediate);
    expect([...queue.outcomes.values()].filter((outcome) => outcome === 'dropped')).toHaveLength(44);
    await queue.endAll();
    await Promise.all([...all, ...honest]);
    expect(['a', 'b', 'c'].map((name) => queue.outcomes.get(name))).toEqual(['done', 'done', 'done']);
  });

  it('lets one address fill a part of it only: the rest of a flood is refused at once, the newest of its busiest client', async () => {
    const queue = harness({ concurrency: 1, queue: 100, perAddress: 4 });
    const all = [
      queue.submit('other client', turn('192.0.2.66', 'other')),
      queue.submit('second client', turn('192.0.2.66', 'second')),
      ...Array.from({ length: 20 }, (_, n) => queue.submit(`flood ${n}`, turn('192.0.2.66'))),
      queue.submit('late client', turn('192.0.2.66', 'late')),
      queue.submit('honest', turn('198.51.100.7')),
    ];
    await new Promise(setImmediate);
    expect([...queue.outcomes.values()].filter((outcome) => outcome === 'dropped')).toHaveLength(18);
    await queue.endAll();
    await Promise.all(all);
    expect(['second client', 'late client', 'honest', 'flood 0'].map((name) => queue.outcomes.get(name))).toEqual([
      'done',
      'done',
      'done',
      'done',
    ]);
  });

  it('does not bound work of which no address is known beside the whole queue', async () => {
    const queue = harness({ concurrency: 1, queue: 100, perAddress: 1 });
    const all = Array.from({ length: 20 }, (_, n) => queue.submit(`own ${n}`, turn('')));
    await queue.endAll();
    await Promise.all(all);
    expect(new Set(queue.outcomes.values())).toEqual(new Set(['done']));
  });

  it('drops the newest first: whoever waits longest is served', async () => {
    const queue = harness({ concurrency: 1, queue: 2 });
    const all = ['one', 'two', 'three', 'four'].map((name) => queue.submit(name, turn('192.0.2.1')));
    await queue.endAll();
    await Promise.all(all);
    expect(Object.fromEntries(queue.outcomes)).toEqual({ one: 'done', two: 'done', three: 'done', four: 'dropped' });
  });

  it('gives every place back, also when work fails', async () => {
    const run = createFairQueue({ concurrency: 2, queue: 10, perAddress: 10, onDropped: () => new Error('dropped') });
    const failing = Array.from({ length: 9 }, () => run(turn('a'), () => Promise.reject(new Error('failed'))));
    expect((await Promise.allSettled(failing)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(await run(turn('a'), async () => 'served')).toBe('served');
  });
});
