import { cpuOfTree } from '../machine/cpu.js';
import { run } from '../machine/program.js';
import type { Ratio, Row } from '../scenario.js';
import { rate, rowOf } from '../scenarios/contenders.js';
import { median } from '../statistics.js';
import type { World } from '../world.js';
import type { StatementFigures, StatementTask } from './statements.js';

const concurrency = 64;
const works = [
  { work: 'insert', said: 'token store, insert' },
  { work: 'find', said: 'token store, look-up' },
] as const;
const ways = [
  { name: 'batched statements', stores: 1 },
  { name: 'one statement per call', stores: concurrency },
] as const;
const [batched, single] = ways;

type Round = StatementFigures & { readonly databaseUs: number };

/** Batched statements against single ones, in turn, with the product's own store and SQL on its own database. */
export async function measureStatements(world: World): Promise<{ readonly rows: Row[]; readonly ratios: Ratio[] }> {
  const { databaseUrl } = await world.product('host');
  const cluster = await world.cluster();
  const tasks = works.flatMap(({ work, said }) => ways.map(({ name, stores }) => ({ work, said, name, stores })));
  const rounds = tasks.map((): Round[] => []);
  for (let number = 1; number <= world.effort.rounds; number++)
    for (const [index, { work, said, name, stores }] of tasks.entries()) {
      const task: StatementTask = { databaseUrl, work, stores, concurrency, seconds: world.effort.seconds };
      const before = cpuOfTree(cluster.pid) ?? NaN;
      const ended = await run('apps/bench/dist/statements/statements-program.js', {
        stdin: JSON.stringify(task),
        cores: world.pinning?.server,
      });
      const figures = JSON.parse(ended.stdout) as StatementFigures;
      const used = (cpuOfTree(cluster.pid) ?? NaN) - before;
      // The warm-up, half as long again, is in the database's time as well.
      rounds[index]?.push({ ...figures, databaseUs: used / (figures.calls * 1.5) });
      world.say(`round ${number}/${world.effort.rounds} ${said}, ${name}: ${Math.round(figures.perSecond)}/s`);
    }
  const rows = tasks.map(({ said, name }, index) => toRow(name, said, rounds[index] ?? []));
  const ratios = works.flatMap(({ said, work }): Ratio[] => [
    rate(`STEPS ${said}: batched / single statements`, rowOf(rows, batched.name, said), rowOf(rows, single.name, said)),
    {
      name: `STEPS ${said}: calls in one batched statement`,
      value: median((rounds[tasks.findIndex((task) => task.work === work)] ?? []).map(perStatement)),
      unit: 'x',
    },
  ]);
  return { rows, ratios };
}

function perStatement({ calls, statements }: Round): number {
  return calls / statements;
}

function toRow(contender: string, work: string, rounds: readonly Round[]): Row {
  const middle = (read: (round: Round) => number): number => median(rounds.map(read));
  return {
    contender,
    work,
    perSecond: middle(({ perSecond }) => perSecond),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    serverUs: middle(({ clientUs }) => clientUs),
    databaseUs: middle(({ databaseUs }) => databaseUs),
    rounds: rounds.length,
  };
}
