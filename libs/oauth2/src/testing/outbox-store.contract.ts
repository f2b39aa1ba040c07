import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeasedMessage, OutboxStore } from '../outbox/outbox-store.js';

/** One outbox, seen from two replicas. */
export type OutboxStoreHarness = {
  readonly outbox: OutboxStore;
  readonly replica: OutboxStore;
  advanceClock(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

const hour = 3_600_000;
const kinds = ['logout'];
const all = { kinds, after: '', limit: 0 };

/** What every outbox does. */
export function outboxStoreContract(name: string, open: () => Promise<OutboxStoreHarness>): void {
  describe(`outbox store contract: ${name}`, () => {
    let harness: OutboxStoreHarness;
    let outbox: OutboxStore;

    beforeEach(async () => {
      harness = await open();
      ({ outbox } = harness);
    });
    afterEach(() => harness.close());

    const add = (...targets: string[]) =>
      outbox.add(
        targets.map((target) => ({ kind: 'logout', target, payload: { sub: 'alice' } })),
        hour,
      );
    const lease = (store = outbox, changes: Partial<Parameters<OutboxStore['lease']>[0]> = {}) =>
      store.lease({ kinds, busy: [], limit: 10, leaseMs: 10_000, ...changes });
    const one = async (): Promise<LeasedMessage> => {
      const [message] = await lease();
      if (message === undefined) throw new Error('no message is due');
      return message;
    };

    it('leases a message as it was added, and has none left when it is settled', async () => {
      await add('rp');
      const message = await one();
      expect(message).toMatchObject({ kind: 'logout', target: 'rp', payload: { sub: 'alice' }, attempt: 1 });
      expect(await outbox.settle(message)).toBe(true);
      expect(await outbox.settle(message)).toBe(false);
      expect(await outbox.list(all)).toEqual([]);
    });

    it('gives a leased message to nobody else, however many ask at once', async () => {
      await add(...Array.from({ length: 20 }, (_, index) => `rp${index}`));
      const taken = await Promise.all(
        Array.from({ length: 16 }, (_, index) => lease(index % 2 === 0 ? outbox : harness.replica, { limit: 3 })),
      );
      const ids = taken.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length + (await lease(outbox, { limit: 100 })).length).toBe(20);
      expect(await lease(outbox, { limit: 100 })).toEqual([]);
    });

    it('gives a message again when its lease is over, and then ignores who had it first', async () => {
      await add('rp');
      const dead = await one();
      expect(await lease(harness.replica)).toEqual([]);
      await harness.advanceClock(10_001);
      expect(await outbox.settle(dead)).toBe(false);
      const [again] = await lease(harness.replica);
      expect(again).toMatchObject({ id: dead.id, attempt: 2 });
      expect(await outbox.postpone(dead, { delayMs: 0, problem: 'late' })).toBe('lost');
      expect(again !== undefined && (await harness.replica.settle(again))).toBe(true);
    });

    it('lets no target keep the others waiting', async () => {
      await add('slow', 'slow', 'slow', 'other', 'third');
      expect((await lease(outbox, { limit: 3 })).map(({ target }) => target).sort()).toEqual([
        'other',
        'slow',
        'third',
      ]);
      expect(await lease(outbox, { busy: ['slow'] })).toEqual([]);
      expect(await lease()).toMatchObject([{ target: 'slow' }]);
    });

    it('leaves messages of other kinds to those who know them', async () => {
      await outbox.add([{ kind: 'webhook', target: 'rp', payload: {} }], hour);
      expect(await lease()).toEqual([]);
      expect(await outbox.list(all)).toEqual([]);
      const [entry] = await outbox.list({ ...all, kinds: ['webhook'] });
      expect(await outbox.retry(kinds, entry?.id ?? '', hour)).toBe(false);
      expect(await outbox.discard(kinds, entry?.id ?? '')).toBe(false);
      expect(await lease(outbox, { kinds: ['webhook'] })).toHaveLength(1);
    });

    it('tries again after the delay, and says what went wrong', async () => {
      await add('rp');
      expect(await outbox.postpone(await one(), { delayMs: 5_000, problem: 'HTTP 500' })).toBe('pending');
      const [entry] = await outbox.list(all);
      expect(entry).toMatchObject({ state: 'pending', attempts: 1, problem: 'HTTP 500' });
      expect(await lease()).toEqual([]);
      await harness.advanceClock(5_001);
      expect(await one()).toMatchObject({ attempt: 2 });
    });

    it('tries once more when the time is over, and then keeps a dead letter', async () => {
      await add('rp');
      expect(await outbox.postpone(await one(), { delayMs: 10 * hour, problem: 'no answer' })).toBe('pending');
      await harness.advanceClock(hour + 1);
      expect(await outbox.postpone(await one(), { delayMs: 1_000, problem: 'HTTP 503' })).toBe('dead');
      await harness.advanceClock(10 * hour);
      expect(await lease()).toEqual([]);
      const [entry] = await outbox.list({ ...all, state: 'dead' });
      expect(entry).toMatchObject({ state: 'dead', attempts: 2, problem: 'HTTP 503' });
      expect(entry).not.toHaveProperty('dueAt');
      expect(await outbox.list({ ...all, state: 'pending' })).toEqual([]);
    });

    it('makes a dead letter live again, with the time of a new message', async () => {
      await add('rp');
      await outbox.postpone(await one(), { delayMs: 10 * hour, problem: 'no answer' });
      await harness.advanceClock(hour + 1);
      const message = await one();
      await outbox.postpone(message, { delayMs: 1_000, problem: 'HTTP 503' });
      expect(await outbox.retry(kinds, message.id, hour)).toBe(true);
      expect(await outbox.postpone(await one(), { delayMs: 1_000, problem: 'HTTP 503' })).toBe('pending');
    });

    it('makes a message that waits due now, and takes it from whoever holds it', async () => {
      await add('rp');
      const held = await one();
      expect(await outbox.retry(kinds, held.id, hour)).toBe(true);
      expect(await outbox.settle(held)).toBe(false);
      expect(await one()).toMatchObject({ id: held.id });
    });

    it('discards a message', async () => {
      await add('rp');
      const { id } = await one();
      expect(await outbox.discard(kinds, id)).toBe(true);
      expect(await outbox.discard(kinds, id)).toBe(false);
      expect(await outbox.retry(kinds, id, hour)).toBe(false);
    });

    it.each(['', '0', '-1', '1.5', 'x', '9223372036854775808', '1 OR 1=1'])('knows no message %j', async (id) => {
      await add('rp');
      expect(await outbox.retry(kinds, id, hour)).toBe(false);
      expect(await outbox.discard(kinds, id)).toBe(false);
    });

    it('lists in pages', async () => {
      await add('a', 'b', 'c');
      const first = await outbox.list({ ...all, limit: 2 });
      expect(first.map(({ target }) => target)).toEqual(['a', 'b']);
      const rest = await outbox.list({ ...all, after: first[1]?.id ?? '' });
      expect(rest.map(({ target }) => target)).toEqual(['c']);
    });

    it('counts by kind and state, with the age of the oldest', async () => {
      expect(await outbox.counts()).toEqual([]);
      await add('a', 'b');
      await harness.advanceClock(2 * hour);
      const message = await one();
      await outbox.postpone(message, { delayMs: 1_000, problem: 'no answer' });
      const counts = [...(await outbox.counts())].sort((a, b) => a.state.localeCompare(b.state));
      expect(counts).toMatchObject([
        { kind: 'logout', state: 'dead', messages: 1 },
        { kind: 'logout', state: 'pending', messages: 1 },
      ]);
      expect(counts[1]?.oldestMs).toBeGreaterThanOrEqual(2 * hour);
    });

    it('forgets dead letters after a time, and nothing else', async () => {
      await add('a', 'b');
      await harness.advanceClock(2 * hour);
      await outbox.postpone(await one(), { delayMs: 1_000, problem: 'no answer' });
      expect(await outbox.sweep(hour, 10)).toBe(0);
      await harness.advanceClock(hour + 1);
      expect(await outbox.sweep(hour, 10)).toBe(1);
      expect(await outbox.list(all)).toHaveLength(1);
    });
  });
}
