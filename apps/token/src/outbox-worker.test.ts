import { createLogger, createMetrics } from '@castellan/service';
import { type DeliveryOutcome, type LeasedMessage, type OutboxStore } from '@castellan/oauth2';
import { createMemoryOutboxStore } from '@castellan/oauth2/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OutboxWorker, type OutboxWorkerOptions, startOutboxWorker } from './outbox-worker.js';

const hour = 3_600_000;
const kind = 'logout';

let now: number;
let store: OutboxStore;
let log: string[];
let workers: OutboxWorker[];

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  store = createMemoryOutboxStore(() => now);
  log = [];
  workers = [];
});
afterEach(() => Promise.all(workers.map((worker) => worker.stop())));

function start(
  handler: (message: LeasedMessage) => Promise<DeliveryOutcome>,
  changes: Partial<OutboxWorkerOptions> = {},
): OutboxWorker {
  const worker = startOutboxWorker({
    store,
    handlers: new Map([[kind, handler]]),
    logger: createLogger({ level: 'info', destination: { write: (line) => log.push(line) } }),
    metrics: createMetrics(),
    random: () => 1,
    pollMs: hour,
    ...changes,
  });
  workers.push(worker);
  return worker;
}

/** A promise that ends when it has been called so often, and the calls so far. */
function callsOf<T>(count: number) {
  const calls: T[] = [];
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  return {
    calls,
    all,
    note(call: T): void {
      calls.push(call);
      if (calls.length === count) done();
    },
  };
}

const add = (...targets: string[]) =>
  store.add(
    targets.map((target) => ({ kind, target, payload: {} })),
    hour,
  );
const entries = () => store.list({ kinds: [kind], after: '', limit: 0 });
const delivered = async (): Promise<DeliveryOutcome> => ({ kind: 'delivered' });

describe('the outbox worker', () => {
  it('delivers what is there when it starts, and what it is woken for', async () => {
    const seen = callsOf<string>(2);
    await add('before');
    const worker = start(async ({ target }) => {
      seen.note(target);
      if (target === 'before') {
        await add('after');
        worker.wake();
      }
      return delivered();
    });
    await seen.all;
    await worker.stop();
    expect(seen.calls).toEqual(['before', 'after']);
    expect(await entries()).toEqual([]);
  });

  it('looks by itself for what other replicas added', async () => {
    const seen = callsOf<string>(1);
    start(
      async ({ target }) => {
        seen.note(target);
        return delivered();
      },
      { pollMs: 5 },
    );
    await add('theirs');
    await seen.all;
  });

  it('tries again later what failed, and gives it up when its time is over', async () => {
    await add('rp');
    let worker = start(async () => ({ kind: 'failed', problem: 'HTTP 500' }));
    await worker.stop();
    expect(await entries()).toMatchObject([{ state: 'pending', attempts: 1, problem: 'HTTP 500', dueAt: now + 1_000 }]);
    now += hour;
    worker = start(async () => ({ kind: 'failed', problem: 'no answer' }));
    await worker.stop();
    expect(await entries()).toMatchObject([{ state: 'dead', attempts: 2, problem: 'no answer' }]);
    expect(log.join('')).toContain('A delivery was given up');
  });

  it('takes a fault of its own for a failure, and shows nothing of it to operators', async () => {
    await add('rp');
    const worker = start(() => Promise.reject(new Error('the key manager is at 10.0.0.7')));
    await worker.stop();
    expect(await entries()).toMatchObject([{ state: 'pending', problem: 'a fault of this server' }]);
  });

  it('LO-07: goes on with the others while a target hangs', async () => {
    await add(...Array.from({ length: 10 }, () => 'hangs'), 'answers', 'answers');
    const good = callsOf<string>(2);
    const hanging: (() => void)[] = [];
    const worker = start(
      async ({ target }) => {
        if (target === 'hangs') await new Promise<void>((resolve) => hanging.push(resolve));
        else good.note(target);
        return delivered();
      },
      { concurrency: 8, concurrencyPerTarget: 3 },
    );
    await good.all;
    expect(hanging.length).toBeLessThanOrEqual(3);
    const stopped = worker.stop();
    for (const release of hanging) release();
    await stopped;
  });

  it('finishes what is on its way when it stops, and takes no more', async () => {
    await add('first', 'second');
    let release: () => void = () => undefined;
    const begun = callsOf<string>(1);
    const worker = start(
      async ({ target }) => {
        begun.note(target);
        await new Promise<void>((resolve) => (release = resolve));
        return delivered();
      },
      { concurrency: 1 },
    );
    await begun.all;
    const stopped = worker.stop();
    release();
    await stopped;
    expect(begun.calls).toEqual(['first']);
    expect((await entries()).map(({ target }) => target)).toEqual(['second']);
  });

  it('waits out a database that is away', async () => {
    await add('rp');
    const seen = callsOf<string>(1);
    let outages = 2;
    const broken: OutboxStore = {
      ...store,
      async lease(options) {
        if (outages > 0) {
          outages -= 1;
          throw new Error('ECONNREFUSED');
        }
        return store.lease(options);
      },
    };
    start(
      async ({ target }) => {
        seen.note(target);
        return delivered();
      },
      { store: broken, pollMs: 5 },
    );
    await seen.all;
    expect(log.join('')).toContain('The outbox could not be read');
  });
});
