import type { World } from './world.js';

/** How long and how often is measured. */
export type Effort = {
  readonly quick: boolean;
  /** Rounds of every contender, in turn. */
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
  /** A round goes on until so much is done, four times its seconds at most: for machines that others use too. */
  readonly atLeast?: number;
  /** The load generator is autocannon even where `wrk` is there: ratios change with how hard it presses. */
  readonly withoutWrk?: boolean;
};

/** One contender in one scenario: medians over its rounds. */
export type Row = {
  readonly contender: string;
  /** What was done, where a scenario has several. */
  readonly work: string;
  readonly perSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** CPU of all server processes per request. */
  readonly serverUs?: number;
  /** CPU of PostgreSQL with all its backends per request. */
  readonly databaseUs?: number;
  /** Resident memory of the server processes after the rounds. */
  readonly memoryMb?: number;
  /** How large something was, where that is what a scenario changes. */
  readonly size?: number;
  /** Transactions of the database per request. */
  readonly transactions?: number;
  /** CPU per request by that of an empty handler, measured in turn. */
  readonly timesFloor?: number;
  readonly failures?: number;
  readonly rounds?: number;
  /** Share of the machine that others used meanwhile, the worst round that counted. */
  readonly strangers?: number;
};

/** A figure of this run, against another of the same run or against a bound. */
export type Ratio = {
  /** What is compared; the name under which it is recorded. */
  readonly name: string;
  readonly value: number;
  readonly unit: 'x' | 'ms' | 'MB' | 'us' | 'B' | 's' | 'mismatches' | '%';
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
};

export type ScenarioResult = {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly notes: readonly string[];
  /** Hard conditions that were not held; they fail the run. */
  readonly violations: readonly string[];
  /** Of a scenario that another run measured: when, and on what. */
  readonly origin?: string;
};

/** Something that is measured. */
export type Scenario = {
  readonly id: string;
  readonly title: string;
  /** Takes long: run only when it is asked for by name. */
  readonly onDemand?: boolean;
  /** Left out of a quick run unless it is asked for by name. */
  readonly isLong?: boolean;
  run(world: World): Promise<Omit<ScenarioResult, 'id' | 'title'>>;
};

/** Whether a ratio reaches its target; undefined when it has none. */
export function isReached({ value, target }: Ratio): boolean | undefined {
  if (target === undefined) return undefined;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}
