import { processClock, type Clock } from '../admission/standing-delay.js';

/** Gives refusals their time beside the work that was taken on. */
export type RefusalTurns = {
  /** Refuses now or in a later turn of the event loop, in the order of arrival. */
  next(refuse: () => void): void;
};

export type RefusalTurnsOptions = {
  readonly clock?: Pick<Clock, 'now'>;
  /** Calls back in a later turn of the event loop. */
  readonly later?: (turn: () => void) => void;
};

/**
 * The part of all time that may be spent on writing refusals. Reading what is refused takes as much again, so that three
 * fifths are left for serving.
 */
const SHARE = 1 / 5;
/** Milliseconds of it that may be spent at once, which is what a request that was let in may have to wait for. */
const MOST_MS = 2;
/** As many may wait; what comes beyond is refused at once, for what waits holds memory. */
const MOST_WAITING = 10_000;
const TURN_MS = 1;

/**
 * A turn of the event loop takes as long as all that happens in it, and a request that was let in needs several. Were all
 * refused as soon as they came, whatever is served would wait for thousands of them, and many times the capacity would leave
 * no time for serving. So refusals take a part of the time; the others wait, and with them their connections, on which no
 * more comes meanwhile.
 */
export function createRefusalTurns(options: RefusalTurnsOptions = {}): RefusalTurns {
  const { clock = processClock, later = (turn) => void setTimeout(turn, TURN_MS) } = options;
  let waiting: (() => void)[] = [];
  let first = 0;
  let isTurnDue = false;
  let allowedMs = MOST_MS;
  let countedAt = clock.now();

  /** Allows for the time that passed, and answers it. */
  function count(): number {
    const now = clock.now();
    allowedMs = Math.min(allowedMs + (now - countedAt) * SHARE, MOST_MS);
    countedAt = now;
    return now;
  }

  function run(refuse: () => void): void {
    const begunAt = count();
    refuse();
    allowedMs -= clock.now() - begunAt;
  }

  function turn(): void {
    isTurnDue = false;
    count();
    for (let refuse = waiting[first]; refuse !== undefined && allowedMs > 0; refuse = waiting[first]) {
      first += 1;
      run(refuse);
    }
    forget();
    if (waiting.length > 0) expectTurn();
  }

  function expectTurn(): void {
    if (isTurnDue) return;
    isTurnDue = true;
    later(turn);
  }

  /** Lets go of what had its turn; moving the rest costs no more than what went. */
  function forget(): void {
    if (first * 2 < waiting.length) return;
    waiting = waiting.slice(first);
    first = 0;
  }

  return {
    next(refuse) {
      count();
      const inLine = waiting.length - first;
      if ((inLine === 0 && allowedMs > 0) || inLine >= MOST_WAITING) return run(refuse);
      waiting.push(refuse);
      expectTurn();
    },
  };
}
