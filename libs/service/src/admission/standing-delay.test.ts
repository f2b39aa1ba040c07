import { describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.js';
import { createDelayWatch } from './standing-delay.js';

describe('the standing delay of the event loop', () => {
  it('is the least of five delays: a pause or a burst that was worked off is none', () => {
    const clock = createManualClock();
    const told: number[] = [];
    createDelayWatch(clock, (delay) => told.push(delay)).start();
    clock.tick(4, 80);
    clock.tick(1, 2);
    expect(told).toEqual([2]);
  });

  it('tells a queue that does not go away', () => {
    const clock = createManualClock();
    const told: number[] = [];
    createDelayWatch(clock, (delay) => told.push(delay)).start();
    clock.tick(5, 30);
    clock.tick(4, 30);
    clock.tick(1, 12);
    expect(told).toEqual([30, 12]);
  });

  it('runs while it is asked to, once however often it is asked', () => {
    const clock = createManualClock();
    const told: number[] = [];
    const watch = createDelayWatch(clock, (delay) => told.push(delay));
    watch.start();
    watch.start();
    expect(clock.running).toBe(1);
    clock.tick(3, 9);
    watch.stop();
    expect(clock.running).toBe(0);
    watch.start();
    clock.tick(5, 1);
    expect(told).toEqual([1]);
  });
});
