import { generateLoad } from '../load/generate.js';
import type { OpenLoopPlan } from '../load/open-loop.js';
import type { PhaseResult } from '../load/phase-tally.js';
import { memoryOf } from '../machine/cpu.js';
import { run } from '../machine/program.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import type { Mode, Product } from '../servers/product.js';
import type { World } from '../world.js';
import { names } from './contenders.js';

const headers = { Authorization: benchBasic, 'Content-Type': 'application/x-www-form-urlencoded' };
const body = 'grant_type=client_credentials&scope=bench';

const WARM_UP_SECONDS = 5;
const CAPACITY_SECONDS = 3;

/** The phases, by the share of the capacity that is asked for. */
const steps = [
  { name: 'unloaded', times: 0.3 },
  { name: '2x', times: 2 },
  { name: '10x', times: 10 },
  { name: 'after it', times: 0.3 },
] as const;

/** P-14: more than can be served, from callers who do not wait. */
export const overload: Scenario = {
  id: 'P-14',
  title: 'Overload: client credentials at 2x and 10x of the capacity, open loop',
  isLong: true,
  async run(world) {
    const rows: Row[] = [];
    const ratios: Ratio[] = [];
    const violations: string[] = [];
    for (const mode of ['host', 'services'] as const) {
      const measured = await measure(world, mode);
      rows.push(...measured.rows);
      ratios.push(...measured.ratios);
      violations.push(...measured.violations);
    }
    return {
      rows,
      ratios,
      notes: [
        'The capacity is what the same server answers to 64 connections that wait for each answer. Durations count from when a request was sent.',
        'The generator has 1,000 connections. Where all of them wait for an answer it cannot send what is due, and gives it up after a second; “due to answer” counts that wait as well, which at 10x is what the generator and not the server decides.',
        'The percentiles leave out the first second of each phase, in which the limit moves.',
        'Refusing costs CPU too. It gets two fifths of the time; more refusals than that wait, and with them their connections.',
      ],
      violations,
    };
  },
};

type Server = { readonly name: string; readonly pids: readonly number[]; readonly tokenUrl: string };

type Measured = {
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly violations: readonly string[];
};

async function measure(world: World, mode: Mode): Promise<Measured> {
  // With the limits that the product comes with.
  const product = await world.startProduct(mode, `overload_${mode}`, { ADMISSION_MIN_IN_FLIGHT: '' });
  try {
    return await measureProduct(world, product);
  } finally {
    await product.stop();
  }
}

async function measureProduct(world: World, product: Product): Promise<Measured> {
  const server = { name: names[product.mode], pids: product.pids, tokenUrl: `${product.publicUrl}/oauth2/token` };
  const capacity = await capacityOf(world, server);
  world.say(`${server.name}: the capacity is ${Math.round(capacity)}/s`);
  const seconds = world.effort.quick ? 4 : 10;
  const phases = await press({
    url: server.tokenUrl,
    headers,
    body,
    connections: 1_000,
    phases: steps.map(({ times }) => ({ perSecond: capacity * times, seconds, settleSeconds: 1 })),
  });
  const [unloaded, twice, tenfold, after] = phases;
  if (unloaded === undefined || twice === undefined || tenfold === undefined || after === undefined) {
    throw new Error('the generator left a phase out');
  }
  for (const [index, phase] of phases.entries()) world.say(`${server.name}, ${steps[index]?.name}: ${describe(phase)}`);
  return {
    rows: phases.map((phase, index) => rowOf(server, steps[index]?.name ?? '', phase)),
    ratios: [
      ...underLoad(server.name, '2x', twice, unloaded, capacity),
      ...underLoad(server.name, '10x', tenfold, unloaded, capacity),
      {
        name: `P-14 ${server.name}: recovery after 10x`,
        value: after.lastRefusedMs / 1000,
        unit: 's',
        target: { atMost: 5 },
      },
    ],
    violations: phases.flatMap(({ withoutRetryAfter, failures }, index) =>
      withoutRetryAfter + failures === 0
        ? []
        : [
            `${server.name}, ${steps[index]?.name}: ${withoutRetryAfter} refusals without Retry-After, ${failures} failures`,
          ],
    ),
  };
}

async function capacityOf(world: World, { tokenUrl }: Server): Promise<number> {
  const plan = { kind: 'requests', url: tokenUrl, method: 'POST', headers, bodies: [body] } as const;
  const { connections } = world.effort;
  // Compiled and planned: what follows asks for shares of it.
  await generateLoad(plan, { connections, seconds: WARM_UP_SECONDS });
  const { completed, seconds: took } = await generateLoad(plan, { connections, seconds: CAPACITY_SECONDS });
  return completed / took;
}

async function press(plan: OpenLoopPlan): Promise<readonly PhaseResult[]> {
  const { stdout } = await run('apps/bench/dist/load/open-loop-program.js', { stdin: JSON.stringify(plan) });
  return JSON.parse(stdout) as PhaseResult[];
}

function underLoad(
  server: string,
  load: string,
  phase: PhaseResult,
  unloaded: PhaseResult,
  capacity: number,
): readonly Ratio[] {
  const name = (what: string): string => `P-14 ${server}, ${load}: ${what}`;
  const answered = phase.admitted + phase.refused;
  return [
    {
      name: name('p99 of what is admitted / p99 unloaded'),
      value: phase.servedP99Ms / unloaded.servedP99Ms,
      unit: 'x',
      target: { atMost: 3 },
    },
    { name: name('p99 of what is admitted, due to answer'), value: phase.admittedP99Ms, unit: 'ms' },
    {
      name: name('admitted / capacity'),
      value: (100 * phase.admitted) / phase.seconds / capacity,
      unit: '%',
    },
    { name: name('refused'), value: (100 * phase.refused) / answered, unit: '%' },
    { name: name('p99 of refusals'), value: phase.refusedP99Ms, unit: 'ms', target: { atMost: 50 } },
  ];
}

function rowOf(server: Server, step: string, phase: PhaseResult): Row {
  return {
    contender: server.name,
    work: `client_credentials, ${step}`,
    perSecond: phase.admitted / phase.seconds,
    p50Ms: phase.servedP50Ms,
    p99Ms: phase.servedP99Ms,
    memoryMb: memoryOf(server.pids) / 2 ** 20,
    failures: phase.failures,
    rounds: 1,
  };
}

function describe({ admitted, servedP99Ms, refused, refusedP99Ms, unsent, seconds }: PhaseResult): string {
  return (
    `${Math.round(admitted / seconds)}/s admitted, p99 ${servedP99Ms.toFixed(1)} ms; ` +
    `${Math.round(refused / seconds)}/s refused, p99 ${refusedP99Ms.toFixed(1)} ms; ${unsent} not sent`
  );
}
