import { compare, type Contender } from '../compare.js';
import { sweepTokens } from '../growth/fill.js';
import { type Growth, growths } from '../growth/growths.js';
import { memoryOf } from '../machine/cpu.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { type Floor, startFloor } from '../servers/floor.js';
import { type Product, startProduct } from '../servers/product.js';
import { countTransactions } from '../servers/transactions.js';
import { median } from '../statistics.js';
import type { World } from '../world.js';

const floorName = 'Nest on Fastify, empty handler';
const sweptSizes = { usual: [10_000, 100_000, 1_000_000], quick: [1000, 10_000] } as const;

/** P-13: what a request costs as the installation grows, and what it costs to sweep and to start. */
export const growth: Scenario = {
  id: 'P-13',
  title: 'Growth: cost per request against what is stored',
  onDemand: true,
  async run(world) {
    const product = world.keep(await world.startProduct('host', 'growth'));
    const floor = world.keep(await startFloor('nest', {}, world.pinning?.server));
    const rows: Row[] = [await startRow(world, product.databaseUrl, 'start, empty', product)];
    const ratios: Ratio[] = [];
    for (const one of growths) {
      const measured = await measureGrowth(world, product, floor, one);
      rows.push(...measured);
      ratios.push(...flatness(measured));
    }
    rows.push(...(await measureSweeps(world, product)));
    await product.stop();
    rows.push(await startRow(world, product.databaseUrl, 'start, grown'));
    return {
      rows,
      ratios,
      notes: [
        'One process on one database that grows. At each size the work is measured in turn with an empty handler, and the ' +
          'costs are compared as multiples of that, since the machine’s moods change over so long a run.',
        'Transactions are those that the database committed while the work ran, its own upkeep among them, by requests.',
        'The sweeper drops the partition of an hour as a whole. The last row is a start on everything that has grown.',
      ],
      violations: [],
    };
  },
};

async function measureGrowth(world: World, product: Product, floor: Floor, one: Growth): Promise<Row[]> {
  const usual = world.effort.quick ? one.sizes.quick : one.sizes.usual;
  const sizes = one.what === 'stored tokens' ? (world.sizes ?? usual) : usual;
  const rows: Row[] = [];
  let before = 0;
  for (const size of sizes) {
    world.say(`growing to ${size.toLocaleString('en')} ${one.what}`);
    await one.grow(product, size, before);
    before = size;
    for (const contender of await one.contenders(product, size))
      rows.push(await measureAt(world, product, floor, { contender, size, what: one.what }));
  }
  return rows;
}

type Measured = { readonly contender: Contender; readonly size: number; readonly what: string };

async function measureAt(
  world: World,
  product: Product,
  floor: Floor,
  { contender, size, what }: Measured,
): Promise<Row> {
  const { connections } = world.effort;
  const empty: Contender = {
    name: floorName,
    work: 'empty handler',
    pids: [floor.pid],
    output: floor.output,
    connections,
    plan: () => ({
      kind: 'requests',
      url: `${floor.url}/warden/allowed`,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      bodies: ['{"subject":"somebody","resource":"something","action":"read"}'],
    }),
  };
  let measured: Row[] = [];
  const transactions = await countTransactions(product.databaseUrl, async () => {
    measured = await compare(world, [contender, empty]);
  });
  const [row, floorRow] = measured;
  if (row === undefined || floorRow === undefined) throw new Error('nothing was measured');
  const done = (row.perSecond ?? NaN) * (world.effort.seconds * world.effort.rounds + world.effort.warmUpSeconds);
  return {
    ...row,
    work: `${contender.work}, ${what}`,
    contender: `${size.toLocaleString('en')} ${what}`,
    size,
    transactions: transactions / done,
    timesFloor: cpu(row) / cpu(floorRow),
  };
}

function cpu({ serverUs, databaseUs }: Row): number {
  return (serverUs ?? NaN) + (databaseUs ?? NaN);
}

/** Of each work the cost at the largest size by that at the smallest. */
function flatness(rows: readonly Row[]): Ratio[] {
  return [...new Set(rows.map(({ work }) => work))].flatMap((work) => {
    const own = rows.filter((row) => row.work === work);
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined || first === last) return [];
    const name = (what: string): string => `P-13 ${work}: ${what} at ${last.contender} / at ${first.contender}`;
    const by = (read: (row: Row) => number | undefined): number => (read(last) ?? NaN) / (read(first) ?? NaN);
    return [
      { name: name('CPU'), value: by(({ timesFloor }) => timesFloor), unit: 'x', target: { atMost: 1.1 } },
      {
        name: name('transactions per request'),
        value: by(({ transactions }) => transactions),
        unit: 'x',
        target: { atMost: 1.1 },
      },
    ];
  });
}

async function measureSweeps(world: World, product: Product): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of world.effort.quick ? sweptSizes.quick : sweptSizes.usual) {
    const times: number[] = [];
    const rounds = Math.min(3, world.effort.rounds);
    for (let tries = 0; times.length < rounds; tries++) {
      if (tries === 2 * rounds) throw new Error('the sweeper leaves old partitions');
      const took = await sweepTokens(product.databaseUrl, size);
      if (took !== undefined) times.push(took);
    }
    world.say(`sweeping ${size} tokens takes ${Math.round(median(times))} ms`);
    rows.push({
      contender: `${size.toLocaleString('en')} tokens`,
      work: 'the sweeper drops an hour of tokens',
      size,
      p50Ms: median(times),
      rounds: times.length,
    });
  }
  return rows;
}

/** Start and memory on the database as it is; of the product that runs, where there is one. */
async function startRow(world: World, databaseUrl: string, work: string, running?: Product): Promise<Row> {
  const product = running ?? (await startProduct({ mode: 'host', databaseUrl, cores: world.pinning?.server }));
  const [host] = product.processes;
  const row: Row = {
    contender: 'castellan host',
    work,
    p50Ms: host?.readyMs ?? NaN,
    memoryMb: memoryOf(product.pids) / 2 ** 20,
    rounds: 1,
  };
  if (running === undefined) await product.stop();
  return row;
}
