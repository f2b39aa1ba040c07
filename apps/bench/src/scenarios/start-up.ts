import { memoryOf } from '../machine/cpu.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { type Product, startProduct } from '../servers/product.js';
import { makeProductionFiles, readImageEnvironment } from '../servers/production-files.js';
import { median } from '../statistics.js';
import { names } from './contenders.js';

const idleMs = 2000;

/** P-12: from the start of the process to ready on an existing database, and the memory of an idle one. */
export const startUp: Scenario = {
  id: 'P-12',
  title: 'Start to ready, and memory at rest',
  async run(world) {
    const cluster = await world.cluster();
    const rounds = world.effort.quick ? 1 : Math.max(5, world.effort.rounds);
    const figures = new Map<string, { readyMs: number[]; memoryMb: number[] }>();
    const sums: number[] = [];
    world.say('laying out the files of the images');
    const images = await makeProductionFiles(['cli', 'keys', 'token', 'warden', 'gateway', 'admin']);
    try {
      for (const mode of ['host', 'services'] as const) {
        const databaseUrl = await cluster.makeDatabase(`start_${mode}`);
        // The first start makes keys and the root client; it is not what a restart costs.
        await (await startProduct({ mode, databaseUrl })).stop();
        for (let round = 1; round <= rounds; round++) {
          const product = world.keep(
            await startProduct({ mode, databaseUrl, images: images.path, env: readImageEnvironment() }),
          );
          await observe(product, figures, sums);
          world.say(`start ${round}/${rounds} of ${names[mode]}`);
        }
      }
    } finally {
      images.remove();
    }
    const rows = [...figures].map(([contender, { readyMs, memoryMb }]): Row => ({
      contender,
      work: 'start to ready',
      p50Ms: median(readyMs),
      memoryMb: median(memoryMb),
      rounds,
    }));
    return {
      rows,
      ratios: ratiosOf(rows, median(sums)),
      notes: [
        'What is started is what the images contain, each program joined into a few files, as their Dockerfile starts it.',
        'The host is ready when /health/ready says so; a service when its operations port answers, which it opens last. Services ' +
          'start one after the other, each timed alone; memory is resident memory two seconds after the last is ready.',
      ],
      violations: [],
    };
  },
};

async function observe(
  product: Product,
  figures: Map<string, { readyMs: number[]; memoryMb: number[] }>,
  sums: number[],
): Promise<void> {
  try {
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    if (product.mode === 'services') sums.push(memoryOf(product.pids) / 2 ** 20);
    for (const { name, pid, readyMs } of product.processes) {
      const known = figures.get(name) ?? { readyMs: [], memoryMb: [] };
      known.readyMs.push(readyMs);
      known.memoryMb.push(memoryOf([pid]) / 2 ** 20);
      figures.set(name, known);
    }
  } finally {
    await product.stop();
  }
}

function ratiosOf(rows: readonly Row[], sumMb: number): Ratio[] {
  return [
    ...rows.flatMap(({ contender, p50Ms = NaN, memoryMb = NaN }): Ratio[] => {
      const alone = contender === 'host';
      return [
        {
          name: `P-12 ${contender}: start to ready`,
          value: p50Ms,
          unit: 'ms',
          target: { atMost: alone ? 1500 : 1000 },
        },
        {
          name: `P-12 ${contender}: memory at rest`,
          value: memoryMb,
          unit: 'MB',
          target: { atMost: alone ? 160 : 110 },
        },
      ];
    }),
    { name: 'P-12 five services: memory at rest', value: sumMb, unit: 'MB', target: { atMost: 550 } },
  ];
}
