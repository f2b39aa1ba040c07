import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { workspace } from '../machine/program.js';
import { UsageError } from '../options.js';

/** Ratios by name; more is better. */
export type Ratios = { readonly [name: string]: number };

/** What was recorded, and on what: another runtime or processor has other ratios, and no drop. */
export type Recorded = { readonly node: string; readonly arch: string; readonly ratios: Ratios };

/** A ratio that is lower than it was. */
export type Drop = { readonly name: string; readonly recorded: number; readonly now: number };

// Shared machines are moody; a drop that matters is larger than their moods.
const tolerated = 0.3;

/** Where ratios are recorded unless the command line names another file. */
export const recordedFile = path.join(workspace, 'apps/bench/recorded.json');

/** Which recorded ratios have dropped by more than 30 %; one that is not measured any more has dropped too. */
export function findDrops(recorded: Ratios, now: Ratios): Drop[] {
  return Object.entries(recorded)
    .map(([name, value]) => ({ name, recorded: value, now: now[name] ?? 0 }))
    .filter((ratio) => !holds(ratio.recorded, ratio.now));
}

/** Whether a ratio is at most 30 % lower than it was recorded. */
export function holds(recorded: number, now: number): boolean {
  return now >= recorded * (1 - tolerated);
}

/** Of two tries, the better ratio of each name. */
export function better(first: Ratios, second: Ratios): Ratios {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries([...names].map((name) => [name, Math.max(first[name] ?? 0, second[name] ?? 0)]));
}

/** Of a ratio that was recorded and one of now, the lower: what is recorded is what even a bad moment reached. */
export function worse(recorded: Ratios, now: Ratios): Ratios {
  return Object.fromEntries(
    Object.entries(now).map(([name, value]) => [name, Math.min(recorded[name] ?? Infinity, value)]),
  );
}

/** Reads what was recorded. Throws UsageError that names the command when nothing is. */
export function readRecorded(file: string): Recorded {
  if (!existsSync(file))
    throw new UsageError(`${file}: nothing is recorded yet: run npm run bench -- --guard --record`);
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded;
}

/** Major version of this runtime and the kind of processor. */
export function describeRuntime(): Omit<Recorded, 'ratios'> {
  return { node: process.versions.node.split('.')[0] ?? '', arch: process.arch };
}

/** Records ratios; where one was recorded before, the lower stays. Delete the file to begin anew. */
export function record(file: string, ratios: Ratios): void {
  const known = existsSync(file) ? readRecorded(file).ratios : {};
  const recorded: Recorded = { ...describeRuntime(), ratios: worse(known, ratios) };
  writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
}

/** Drops for people. */
export function writeDrops(drops: readonly Drop[]): string {
  return drops
    .map(({ name, recorded, now }) => `${name}: ${now} x, recorded ${recorded} x (${percent(now / recorded - 1)})\n`)
    .join('');
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
