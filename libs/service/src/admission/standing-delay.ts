/** The time, and timers, of this process or of a test. */
export type Clock = {
  /** Milliseconds on a clock that only goes forward. */
  now(): number;
  /** Calls back every so many milliseconds, later where the event loop is busy; answers what stops it. */
  every(milliseconds: number, tick: () => void): () => void;
};

export const processClock: Clock = {
  now: () => performance.now(),
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds);
    timer.unref();
    return () => clearInterval(timer);
  },
};

const PROBE_MS = 20;
const PROBES = 5;

/** Watches the event loop while it is asked to. */
export type DelayWatch = { start(): void; stop(): void };

/**
 * A timer that is due waits for its turn as every other event does, such as a request that has arrived: how late it
 * comes is how long they stand in line. Tells every 100 ms the least of five such delays, in milliseconds.
 */
export function createDelayWatch(clock: Clock, onInterval: (standingDelayMs: number) => void): DelayWatch {
  let stop: (() => void) | undefined;
  let last = 0;
  let least = Infinity;
  let probes = 0;

  function probe(): void {
    const now = clock.now();
    least = Math.min(least, Math.max(now - last - PROBE_MS, 0));
    last = now;
    if (++probes < PROBES) return;
    const standing = least;
    least = Infinity;
    probes = 0;
    onInterval(standing);
  }

  return {
    start() {
      if (stop !== undefined) return;
      last = clock.now();
      least = Infinity;
      probes = 0;
      stop = clock.every(PROBE_MS, probe);
    },
    stop() {
      stop?.();
      stop = undefined;
    },
  };
}
