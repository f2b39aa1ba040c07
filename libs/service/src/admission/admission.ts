import { ADMISSION_CLASSES, type AdmissionClass } from './admission-class.js';
import { createConcurrencyLimit, type ConcurrencyLimits } from './concurrency-limit.js';
import { createDelayWatch, processClock, type Clock } from './standing-delay.js';

/** Why a request is turned away: all places are taken, or those of its address while others wait for one. */
export type Refusal = 'overload' | 'address';

/** A request that asks to be let in. `address` is empty where callers are not told apart. */
export type Arrival = { readonly of: AdmissionClass; readonly address: string };

/** Decides which requests this process takes on, before it has read or computed anything for them. */
export type Admission = {
  /** Whether the request would be refused now; takes no place. Counts a refusal. */
  refuse(arrival: Arrival): Refusal | undefined;
  /** Takes a place, or refuses. Whoever was let in leaves once its answer is made. */
  enter(arrival: Arrival): Refusal | undefined;
  leave(arrival: Arrival): void;
  /** What was counted so far. */
  report(): AdmissionReport;
};

export type AdmissionReport = {
  readonly limit: number;
  /** Of the last interval with requests, in milliseconds. */
  readonly standingDelayMs: number;
  readonly inFlight: Readonly<Record<AdmissionClass, number>>;
  readonly admitted: Readonly<Record<AdmissionClass, number>>;
  readonly refused: Readonly<Record<Refusal, Readonly<Record<AdmissionClass, number>>>>;
};

export type AdmissionOptions = ConcurrencyLimits & {
  readonly clock?: Clock;
  /** Told when refusing begins, and when a while passed without any; with the number refused since it began. */
  readonly onChange?: (state: 'refusing' | 'admitting', refused: number) => void;
};

type Counts = Record<AdmissionClass, number>;

/** Beyond this part of the limit addresses get no more than their share. */
const CROWDED = 0.75;
/** Whoever has little under way finds a place even where one address took all of them. */
const ROOM_FOR_FEW = 1.1;
/** Intervals of 100 ms without a refusal after which an overload is over. */
const QUIET_INTERVALS = 50;

function noCounts(): Counts {
  return { decision: 0, issuance: 0, administration: 0 };
}

/**
 * Bounds the requests under way: by a limit that follows how long events stand in line, by class, and among addresses
 * once it is crowded. Constant work and no allocation for a refusal.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const limit = createConcurrencyLimit(options);
  const watch = createDelayWatch(options.clock ?? processClock, endInterval);
  const inFlight = noCounts();
  const admitted = noCounts();
  const refused = { overload: noCounts(), address: noCounts() };
  const byAddress = new Map<string, number>();
  let total = 0;
  let peak = 0;
  let refusedInInterval = 0;
  let refusedInOverload = 0;
  let quiet = QUIET_INTERVALS;
  let standingDelayMs = 0;

  function endInterval(standing: number): void {
    standingDelayMs = standing;
    limit.adjust({ standingDelayMs: standing, peak });
    noteChange();
    if (peak === 0 && quiet >= QUIET_INTERVALS) watch.stop();
    peak = total;
    refusedInInterval = 0;
  }

  function noteChange(): void {
    refusedInOverload += refusedInInterval;
    if (refusedInInterval > 0) {
      if (quiet >= QUIET_INTERVALS) options.onChange?.('refusing', refusedInOverload);
      quiet = 0;
    } else if (quiet < QUIET_INTERVALS && ++quiet === QUIET_INTERVALS) {
      options.onChange?.('admitting', refusedInOverload);
      refusedInOverload = 0;
    }
  }

  function judge({ of, address }: Arrival): Refusal | undefined {
    const { share, reserve } = ADMISSION_CLASSES[of];
    if (inFlight[of] < Math.floor(limit.value * reserve)) return undefined;
    const own = byAddress.get(address) ?? 0;
    const fair = limit.value / Math.max(byAddress.size, 1);
    const room = limit.value * share * (address !== '' && own < fair / 2 ? ROOM_FOR_FEW : 1);
    if (total >= Math.max(Math.floor(room), 1)) return 'overload';
    return address !== '' && own >= fair && total >= limit.value * CROWDED ? 'address' : undefined;
  }

  function refuse(arrival: Arrival): Refusal | undefined {
    const refusal = judge(arrival);
    watch.start();
    if (refusal === undefined) return undefined;
    refused[refusal][arrival.of] += 1;
    refusedInInterval += 1;
    return refusal;
  }

  return {
    refuse,
    enter(arrival) {
      const refusal = refuse(arrival);
      if (refusal !== undefined) return refusal;
      admitted[arrival.of] += 1;
      inFlight[arrival.of] += 1;
      total += 1;
      if (total > peak) peak = total;
      if (arrival.address !== '') byAddress.set(arrival.address, (byAddress.get(arrival.address) ?? 0) + 1);
      return undefined;
    },
    leave({ of, address }) {
      inFlight[of] -= 1;
      total -= 1;
      const own = byAddress.get(address);
      if (own === undefined) return;
      if (own > 1) byAddress.set(address, own - 1);
      else byAddress.delete(address);
    },
    report: () => ({
      limit: limit.value,
      standingDelayMs,
      inFlight: { ...inFlight },
      admitted: { ...admitted },
      refused: { overload: { ...refused.overload }, address: { ...refused.address } },
    }),
  };
}
