import { beforeEach, describe, expect, it } from 'vitest';
import { createRefusalTurns, type RefusalTurns } from './refusal-turns.js';

/** What writing one refusal takes here. */
const COST_MS = 0.5;

let now: number;
let refused: number[];
let due: (() => void)[];
let turns: RefusalTurns;

beforeEach(() => {
  now = 1_000;
  refused = [];
  due = [];
  turns = createRefusalTurns({ clock: { now: () => now }, later: (turn) => void due.push(turn) });
});

function refuse(count: number, from = 0): void {
  for (let number = from; number < from + count; number++) {
    turns.next(() => {
      now += COST_MS;
      refused.push(number);
    });
  }
}

/** The next turn of the event loop, after so many milliseconds. */
function turnAfter(milliseconds: number): void {
  now += milliseconds;
  for (const turn of due.splice(0)) turn();
}

describe('refusals beside the work that was taken on', () => {
  it('are written at once while they are few', () => {
    refuse(5);
    expect(refused).toEqual([0, 1, 2, 3, 4]);
    expect(due).toEqual([]);
  });

  it('wait for a later turn when they took their part of the time, and keep their order', () => {
    refuse(100);
    const atOnce = refused.length;
    expect(atOnce).toBeLessThan(20);
    turnAfter(10);
    expect(refused.length).toBeGreaterThan(atOnce);
    refuse(10, 100);
    for (let turn = 0; turn < 100; turn++) turnAfter(10);
    expect(refused).toEqual(Array.from({ length: 110 }, (_, number) => number));
    expect(due).toEqual([]);
  });

  it('take a fifth of the time, however many come', () => {
    refuse(9_000);
    const begunAt = now;
    const before = refused.length;
    for (let turn = 0; turn < 200; turn++) turnAfter(4);
    const took = (refused.length - before) * COST_MS;
    expect(took / (now - begunAt)).toBeCloseTo(0.2, 1);
  });

  it('never hold up a turn for longer, however long the last one was', () => {
    refuse(1_000);
    const before = refused.length;
    turnAfter(60_000);
    // Two milliseconds, and a fifth of what they take.
    expect((refused.length - before) * COST_MS).toBeLessThanOrEqual(2.5);
  });

  it('do not wait without bound', () => {
    refuse(15_000);
    expect(refused.length).toBeGreaterThan(4_900);
    expect(refused).toContain(14_999);
  });
});
