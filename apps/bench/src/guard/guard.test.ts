import { describe, expect, it } from 'vitest';
import { guard, type Try } from './guard.js';
import type { Ratios } from './recorded.js';
import { UnmeasuredError } from './unmeasured-error.js';

function tries(strangers: number, ...ratios: readonly Ratios[]) {
  const left = [...ratios];
  return { left, measure: async (): Promise<Try> => ({ ratios: left.shift() ?? {}, strangers }) };
}

describe('a guard run', () => {
  it('is over after a try without a drop', async () => {
    const { left, measure } = tries(0, { ratio: 3.9 }, { ratio: 1 });
    expect(await guard({ ratio: 4 }, measure, () => undefined)).toEqual({ kind: 'held', ratios: { ratio: 3.9 } });
    expect(left).toHaveLength(1);
  });

  it('forgives a drop that the second try does not see', async () => {
    const { measure } = tries(0, { one: 1, two: 3 }, { one: 4, two: 1 });
    expect(await guard({ one: 4, two: 3 }, measure, () => undefined)).toMatchObject({ kind: 'held' });
  });

  it('names a ratio that dropped by more than 30 % in both', async () => {
    const { measure } = tries(0.1, { one: 4, two: 2 }, { one: 4, two: 1.9 });
    expect(await guard({ one: 4, two: 3 }, measure, () => undefined)).toEqual({
      kind: 'dropped',
      drops: [{ name: 'two', recorded: 3, now: 2 }],
    });
  });

  it('takes a drop for nothing while others use the machine', async () => {
    const { measure } = tries(0.6, { one: 1 }, { one: 1 });
    expect(await guard({ one: 4 }, measure, () => undefined)).toEqual({
      kind: 'unmeasured',
      cause: 'other programs used 60 % of this machine',
    });
  });

  it('says that nothing was measured rather than that something dropped', async () => {
    const measure = () => Promise.reject(new UnmeasuredError('the peer did not start'));
    expect(await guard({ one: 4 }, measure, () => undefined)).toEqual({
      kind: 'unmeasured',
      cause: 'the peer did not start',
    });
  });

  it('measures again what gave no figures, and nothing else', async () => {
    const asked: Ratios[] = [];
    const answers: Try[] = [
      { ratios: { one: 4 }, unmeasured: { two: 'no answer' }, strangers: 0 },
      { ratios: { two: 3 }, strangers: 0 },
    ];
    const measure = async (wanted: Ratios): Promise<Try> => {
      asked.push(wanted);
      return answers[asked.length - 1] ?? { ratios: {}, strangers: 0 };
    };
    expect(await guard({ one: 4, two: 3 }, measure, () => undefined)).toMatchObject({ kind: 'held' });
    expect(asked).toEqual([{ one: 4, two: 3 }, { two: 3 }]);
  });

  it('names what never gave figures, where nothing dropped', async () => {
    const measure = async (): Promise<Try> => ({ ratios: { one: 4 }, unmeasured: { two: 'no answer' }, strangers: 0 });
    expect(await guard({ one: 4, two: 3 }, measure, () => undefined)).toEqual({
      kind: 'unmeasured',
      cause: 'two: no answer',
    });
  });

  it('names a drop also where something else gave no figures', async () => {
    const measure = async (): Promise<Try> => ({ ratios: { one: 1 }, unmeasured: { two: 'no answer' }, strangers: 0 });
    expect(await guard({ one: 4, two: 3 }, measure, () => undefined)).toEqual({
      kind: 'dropped',
      drops: [{ name: 'one', recorded: 4, now: 1 }],
    });
  });

  it('counts a drop that no neighbour explains, however busy the machine is', async () => {
    const { measure } = tries(0.9, { one: 0.7 }, { one: 0.6 });
    expect(await guard({ one: 4 }, measure, () => undefined)).toEqual({
      kind: 'dropped',
      drops: [{ name: 'one', recorded: 4, now: 0.7 }],
    });
  });

  it('waits two tries for a machine to become calm', async () => {
    const shares = [0.5, 0.1, 0.6, 0.2];
    const measure = async (): Promise<Try> => ({ ratios: { one: 1 }, strangers: shares.shift() ?? 1 });
    expect(await guard({ one: 4 }, measure, () => undefined)).toMatchObject({ kind: 'dropped' });
    expect(shares).toEqual([]);
  });

  it('passes on a mistake of its own', async () => {
    const measure = () => Promise.reject(new TypeError('wrong'));
    await expect(guard({ one: 4 }, measure, () => undefined)).rejects.toThrow(TypeError);
  });
});
