import { describeMachine } from '../machine/description.js';
import { pin } from '../machine/pinning.js';
import type { Effort } from '../scenario.js';
import { closeOnSignals, World } from '../world.js';
import { guard, type Verdict } from './guard.js';
import { measureRatios } from './measure-ratios.js';
import { describeRuntime, readRecorded, record, writeDrops } from './recorded.js';
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
// A machine that takes longer has no peace for figures.
const mostMs = 180_000;
const mostClosingMs = 30_000;

/** Measures and judges, or records. Answers the exit code: 0 held, 1 dropped in two tries, 3 nothing was measured. */
export async function runGuard(isRecording: boolean, say: (line: string) => void): Promise<number> {
  const recorded = isRecording ? { ...describeRuntime(), ratios: {} } : readRecorded();
  const { node, arch } = describeRuntime();
  if (recorded.node !== node || recorded.arch !== arch) {
    const cause = `recorded with Node ${recorded.node} on ${recorded.arch}, and this is Node ${node} on ${arch}`;
    process.stdout.write(write({ kind: 'unmeasured', cause }));
    return 3;
  }
  const pinning = pin();
  const world = new World(effort, pinning, say);
  closeOnSignals(world, say);
  let fuse: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<never>((_resolve, reject) => {
    fuse = setTimeout(() => reject(new UnmeasuredError(`no figures within ${mostMs / 1000} s`)), mostMs);
  });
  try {
    const verdict = await guard(recorded.ratios, () => Promise.race([measureRatios(world), timeIsUp]), say);
    process.stdout.write(`${write(verdict)}${Object.values(describeMachine(pinning)).join(' · ')}\n`);
    if (verdict.kind === 'held' && isRecording) record(verdict.ratios);
    return { held: 0, dropped: 1, unmeasured: 3 }[verdict.kind];
  } finally {
    clearTimeout(fuse);
    await Promise.race([world.close(), new Promise((resolve) => setTimeout(resolve, mostClosingMs))]);
  }
}

function write(verdict: Verdict): string {
  if (verdict.kind === 'dropped') return `Dropped by more than 30 % in two tries:\n${writeDrops(verdict.drops)}`;
  if (verdict.kind === 'unmeasured') return `NOT MEASURED: ${verdict.cause}\n`;
  return Object.entries(verdict.ratios)
    .map(([name, value]) => `${name}: ${value} x\n`)
    .join('');
}
