import { writeFileSync } from 'node:fs';
import { recordedFile } from './guard/recorded.js';
import { runGuard } from './guard/run-guard.js';
import { hasWrk } from './load/generate.js';
import { describeMachine } from './machine/description.js';
import { pin } from './machine/pinning.js';
import { readOptions, usage, UsageError, type Options } from './options.js';
import { withEarlier } from './report/earlier.js';
import { type Report, writePage } from './report/page.js';
import { writeTable } from './report/table.js';
import type { Effort, Scenario, ScenarioResult } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { closeOnSignals, World } from './world.js';

const usual: Effort = { quick: false, rounds: 5, seconds: 2, warmUpSeconds: 5, connections: 64 };
const quick: Effort = { quick: true, rounds: 1, seconds: 1, warmUpSeconds: 0, connections: 16 };

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return print(usage);
  if (options.list) return print(scenarios.map(({ id, title }) => `${id.padEnd(11)} ${title}\n`).join(''));
  // What is left of a run whose time was up goes with this process.
  if (options.guard) {
    const { recorded: file = recordedFile, record: isRecording, effort } = options;
    process.exit(await runGuard({ file, isRecording, ...effort }, say));
  }
  const chosen = choose(options);
  const effort = { ...(options.quick ? quick : usual), ...options.effort };
  const pinning = pin();
  const machine = describeMachine(pinning);
  const generator = `${hasWrk() ? 'wrk and ' : ''}autocannon`;
  const world = new World(effort, pinning, say, options.sizes);
  closeOnSignals(world, say);
  try {
    const results: ScenarioResult[] = [];
    for (const { id, title, run } of chosen) {
      say(`${id}: ${title}`);
      results.push({ id, title, ...(await run(world).catch(unmeasured)) });
      // What was measured stays when somebody ends the run.
      save(options, toReport({ machine, effort, generator, results: withEarlier(results, options.earlier) }));
    }
    print(`${writeTable(results)}\n${Object.values(machine).join(' · ')}\n`);
    return results.every(({ violations }) => violations.length === 0) ? 0 : 1;
  } finally {
    await world.close();
  }
}

function choose(options: Options): readonly Scenario[] {
  const unknown = options.only.filter((name) => !scenarios.some(({ id }) => id === name));
  if (unknown.length > 0) throw new UsageError(`There is no scenario ${unknown.join(', ')}; --list names them`);
  if (options.only.length === 0)
    return scenarios.filter(({ onDemand, isLong }) => onDemand !== true && !(options.quick && isLong === true));
  return scenarios.filter(({ id }) => options.only.includes(id));
}

/** A scenario that cannot be measured fails the run, and the others are measured all the same. */
function unmeasured(cause: unknown): Omit<ScenarioResult, 'id' | 'title'> {
  const violation = cause instanceof Error ? cause.message : String(cause);
  say(`not measured: ${violation}`);
  return { rows: [], ratios: [], notes: [], violations: [violation] };
}

/** Says also what was not measured. */
function toReport(report: Report): Report {
  const has = (id: string): boolean => report.results.some((result) => result.id === id && result.rows.length > 0);
  const left = scenarios.filter(({ id }) => !has(id)).map(({ id, title }) => `${id}: ${title}`);
  return { ...report, left };
}

function save({ json, markdown }: Options, report: Report): void {
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (markdown !== undefined) writePage(markdown, report);
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
