import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { workspace } from './machine/program.js';
import { UsageError } from './options.js';
import type { ScenarioResult } from './scenario.js';

/** Ratios of an earlier run by name. */
export type Recorded = { readonly [name: string]: number };

/** A ratio that is lower than it was. */
export type Drop = { readonly name: string; readonly recorded: number; readonly now: number };

// Shared machines are moody; a drop that matters is larger than their moods.
const tolerated = 0.3;
const file = path.join(workspace, 'apps/bench/recorded.json');

/** The ratios that the guard watches. */
export function guardedRatios(results: readonly ScenarioResult[]): Recorded {
  const ratios = results.flatMap((result) => result.ratios).filter(({ guarded }) => guarded === true);
  return Object.fromEntries(ratios.map(({ name, value }) => [name, Number(value.toPrecision(3))]));
}

/** Which recorded ratios have dropped by more than 30 %; one that is not measured any more has dropped too. */
export function findDrops(recorded: Recorded, now: Recorded): Drop[] {
  return Object.entries(recorded)
    .map(([name, value]) => ({ name, recorded: value, now: now[name] ?? 0 }))
    .filter((ratio) => !(ratio.now >= ratio.recorded * (1 - tolerated)));
}

/** Reads what was recorded. Throws UsageError that names the command when nothing is. */
export function readRecorded(): Recorded {
  if (!existsSync(file)) throw new UsageError('Nothing is recorded yet: run npm run bench -- --guard --record');
  return JSON.parse(readFileSync(file, 'utf8')) as Recorded;
}

/** Writes the ratios of this run as the recorded ones; those of scenarios that were not run stay. */
export function record(ratios: Recorded): void {
  const known = existsSync(file) ? readRecorded() : {};
  writeFileSync(file, `${JSON.stringify({ ...known, ...ratios }, null, 2)}\n`);
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
