import type { Clock } from '../admission/standing-delay.js';

/** A clock that the test moves; its timers come as late as the test says. */
export type ManualClock = Clock & {
  /** Lets timers fire `times` times, each `delayMs` after it was due. */
  tick(times: number, delayMs?: number): void;
  /** How many timers are running. */
  readonly running: number;
};

export function createManualClock(): ManualClock {
  const timers = new Map<object, { readonly period: number; readonly fire: () => void }>();
  let now = 1_000;
  return {
    now: () => now,
    every(period, fire) {
      const key = {};
      timers.set(key, { period, fire });
      return () => void timers.delete(key);
    },
    tick(times, delayMs = 0) {
      for (let turn = 0; turn < times; turn++) {
        for (const { period, fire } of [...timers.values()]) {
          now += period + delayMs;
          fire();
        }
      }
    },
    get running() {
      return timers.size;
    },
  };
}
