import { run } from '../machine/program.js';
import type { HardSetKey } from './hard-sets.js';

/** What the index is filled with, and how long it decides, in seconds. */
export type IndexTask = { readonly work: number | HardSetKey; readonly seconds: number };

/** What the index did; CPU unless it says otherwise. */
export type IndexFigures = {
  /** Microseconds per decision: the middle of twenty stretches of time, and the least of them. */
  readonly us: number;
  readonly leastUs: number;
  /** Microseconds that single decisions took by the clock. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly bytesPerPolicy: number;
  readonly loadSeconds: number;
  /** Microseconds for one policy. */
  readonly addUs: number;
  readonly removeUs: number;
};

/** Measures the index in a process of its own. */
export async function measureIndex(task: IndexTask, cores: string | undefined): Promise<IndexFigures> {
  const ended = await run('apps/bench/dist/policy/index-program.js', { stdin: JSON.stringify(task), cores });
  return JSON.parse(ended.stdout) as IndexFigures;
}
