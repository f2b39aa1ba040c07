import { describeMachine } from '../machine/description.js';
import { pin } from '../machine/pinning.js';
import type { Effort } from '../scenario.js';
import { closeOnSignals, World } from '../world.js';
import { guard, type Try, type Verdict } from './guard.js';
import { ratioMeter } from './measure-ratios.js';
import { describeRuntime, type Ratios, readRecorded, record, writeDrops } from './recorded.js';
import { UnmeasuredError } from './unmeasured-error.js';

const effort: Effort = {
  quick: true,
  rounds: 3,
  seconds: 1,
  warmUpSeconds: 2,
  connections: 32,
  atLeast: 1000,
  // Not every machine has wrk; the ratios of those that have it must be the same.
  withoutWrk: true,
};
// Twenty times what it takes where all ratios hold at once. A machine that takes longer has no peace for figures.
const mostMs = 900_000;
const mostClosingMs = 30_000;

/** What is compared with what. */
export type GuardOptions = {
  /** File of the recorded ratios. */
  readonly file: string;
  /** Write that file instead of comparing with it. */
  readonly isRecording: boolean;
  /** Rounds of one try, three when nothing is said. */
  readonly rounds?: number;
};

/** Measures and judges, or records. Answers the exit code: 0 held, 1 dropped in two tries, 3 nothing was measured. */
export async function runGuard(options: GuardOptions, say: (line: string) => void): Promise<number> {
  const { file, isRecording, rounds = effort.rounds } = options;
  const recorded = isRecording ? { ...describeRuntime(), ratios: {} } : readRecorded(file);
  const { node, arch } = describeRuntime();
  if (recorded.node !== node || recorded.arch !== arch) {
    const cause = `recorded with Node ${recorded.node} on ${recorded.arch}, and this is Node ${node} on ${arch}`;
    process.stdout.write(write({ kind: 'unmeasured', cause }));
    return 3;
  }
  const pinning = pin();
  const world = new World({ ...effort, rounds }, pinning, say);
  closeOnSignals(world, say);
  let fuse: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<never>((_resolve, reject) => {
    fuse = setTimeout(() => reject(new UnmeasuredError(`no figures within ${mostMs / 1000} s`)), mostMs);
  });
  try {
    const meter = ratioMeter(world);
    const measure = (wanted: Ratios): Promise<Try> => Promise.race([meter(isRecording ? undefined : wanted), timeIsUp]);
    const verdict = await guard(recorded.ratios, measure, say);
    process.stderr.write(`${Object.values(describeMachine(pinning)).join(' · ')}\n`);
    process.stdout.write(write(verdict));
    if (verdict.kind === 'held' && isRecording) record(file, verdict.ratios);
    return { held: 0, dropped: 1, unmeasured: 3 }[verdict.kind];
  } finally {
    clearTimeout(fuse);
    await Promise.race([world.close(), new Promise((resolve) => setTimeout(resolve, mostClosingMs))]);
  }
}

function write(verdict: Verdict): string {
  if (verdict.kind === 'dropped') return `Dropped by more than 30 % in two tries:\n${writeDrops(verdict.drops)}`;
  if (verdict.kind === 'unmeasured')
    return `NOT MEASURED: ${verdict.cause.split('\n', 1)[0]}. Nothing is said about speed.\n`;
  return Object.entries(verdict.ratios)
    .map(([name, value]) => `${name}: ${value} x\n`)
    .join('');
}
