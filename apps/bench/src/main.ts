import { writeFileSync } from 'node:fs';
import { findDrops, guardedRatios, readRecorded, record, type Recorded, writeDrops } from './guard.js';
import { hasWrk } from './load/generate.js';
import { describeMachine } from './machine/description.js';
import { pin } from './machine/pinning.js';
import { readOptions, usage, UsageError, type Options } from './options.js';
import { writePage } from './report/page.js';
import { writeTable } from './report/table.js';
import type { Effort, Scenario, ScenarioResult } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { World } from './world.js';

const usual: Effort = { quick: false, rounds: 5, seconds: 3, warmUpSeconds: 3, connections: 64 };
const guarding: Effort = { ...usual, quick: true, rounds: 3, seconds: 2, warmUpSeconds: 2, connections: 16 };
const quick: Effort = { quick: true, rounds: 1, seconds: 2, warmUpSeconds: 2, connections: 16 };

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return print(usage);
  if (options.list) return print(scenarios.map(({ id, title }) => `${id.padEnd(5)} ${title}\n`).join(''));
  const chosen = choose(options);
  const recorded = options.guard && !options.record ? readRecorded() : {};
  const effort = options.guard ? guarding : options.quick ? quick : usual;
  const pinning = pin();
  const machine = describeMachine(pinning);
  const world = new World(effort, pinning, say);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      say(`${signal}: stopping what was started`);
      void world.close().finally(() => process.exit(130));
    });
  try {
    const results = await runAll(chosen, world);
    const report = { machine, effort, generator: `${hasWrk() ? 'wrk and ' : ''}autocannon`, results };
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    if (options.markdown !== undefined) writePage(options.markdown, report);
    print(`${writeTable(results)}\n${Object.values(machine).join(' · ')}\n`);
    const isGood = !options.guard || (await guard(options, results, recorded, world));
    return isGood && results.every(({ violations }) => violations.length === 0) ? 0 : 1;
  } finally {
    await world.close();
  }
}

/** Whether no ratio dropped; where one did, its scenario gets a second try. */
async function guard(
  options: Options,
  results: readonly ScenarioResult[],
  recorded: Recorded,
  world: World,
): Promise<boolean> {
  const ratios = guardedRatios(results);
  if (options.record) {
    record(ratios);
    return true;
  }
  const watched = Object.entries(recorded).filter(([name]) => results.some(({ id }) => name.startsWith(`${id} `)));
  const first = findDrops(Object.fromEntries(watched), ratios);
  if (first.length === 0) return true;
  say('some ratios dropped; their scenarios are tried again');
  const again = scenarios.filter(({ id }) => first.some(({ name }) => name.startsWith(`${id} `)));
  const second = guardedRatios(await runAll(again, world));
  const drops = findDrops(Object.fromEntries(first.map(({ name, recorded: value }) => [name, value])), second);
  if (drops.length > 0) print(`Dropped by more than 30 % in two tries:\n${writeDrops(drops)}`);
  return drops.length === 0;
}

function choose(options: Options): readonly Scenario[] {
  const unknown = options.only.filter((name) => !scenarios.some(({ id }) => id === name));
  if (unknown.length > 0) throw new UsageError(`There is no scenario ${unknown.join(', ')}; --list names them`);
  const all = options.guard ? scenarios.filter(({ guarded }) => guarded) : scenarios;
  return options.only.length === 0 ? all : all.filter(({ id }) => options.only.includes(id));
}

async function runAll(chosen: readonly Scenario[], world: World): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const { id, title, run } of chosen) {
    say(`${id}: ${title}`);
    results.push({ id, title, ...(await run(world)) });
  }
  return results;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await main();
} catch (cause) {
  process.stderr.write(
    `${cause instanceof UsageError ? cause.message : String(cause instanceof Error ? cause.stack : cause)}\n`,
  );
  process.exitCode = 1;
}
