import { run } from '../machine/program.js';
import type { EngineKey } from './engines.js';

/** What an engine is asked to do in a process of its own. */
export type DecisionTask = {
  readonly engine: EngineKey;
  /** How many policies. */
  readonly size: number;
  /** How long to decide, in seconds, after a third of that to warm up. */
  readonly seconds: number;
  /** For how many of the first requests the answers are wanted. */
  readonly answers: number;
};

/** What an engine did. */
export type DecisionFigures = {
  /** Microseconds of CPU per decision. */
  readonly us: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Memory that the prepared engine holds, divided by the policies; neither the workload itself nor code is counted. */
  readonly bytesPerPolicy: number;
  /** Time to make it ready. */
  readonly loadSeconds: number;
  /** The answers that were wanted, in the order of the requests, `1` for allowed. */
  readonly answers: string;
};

/** Measures an engine alone in a process, so that nobody else's garbage and compiled code disturb it. */
export async function measureDecisions(task: DecisionTask, cores: string | undefined): Promise<DecisionFigures> {
  const ended = await run('apps/bench/dist/policy/decisions-program.js', { stdin: JSON.stringify(task), cores });
  return JSON.parse(ended.stdout) as DecisionFigures;
}
