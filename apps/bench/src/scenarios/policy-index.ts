import { hardSets, type HardSetKey } from '../policy/hard-sets.js';
import { type IndexFigures, measureIndex } from '../policy/index-figures.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { median } from '../statistics.js';

const sizes = [1000, 10_000, 100_000, 1_000_000] as const;
const quickSizes: readonly number[] = [1000, 10_000];
const hardKeys = Object.keys(hardSets) as HardSetKey[];

/** Most microseconds of CPU per decision. */
const decisionTargets: Readonly<Record<number, number>> = { 1000: 0.8, 10_000: 1.5, 100_000: 2.5, 1_000_000: 5 };

type Measured = { readonly name: string; readonly size: number | undefined; readonly figures: IndexFigures[] };

/** P-9, the index by itself: up to a million policies, one policy changed, and policies written to make it slow. */
export const policyIndex: Scenario = {
  id: 'P-9-INDEX',
  title: 'The policy index: size, changes, adversarial policies',
  isLong: true,
  async run(world) {
    const { quick, rounds, seconds } = world.effort;
    const tasks = [...sizes.filter((size) => !quick || quickSizes.includes(size)), ...hardKeys];
    const measured = tasks.map((work): Measured => {
      const size = typeof work === 'number' ? work : undefined;
      return { name: nameOf(work), size, figures: [] };
    });
    // In turn, so that the machine's moods reach all of them.
    for (let round = 1; round <= Math.min(rounds, 3); round++)
      for (const [at, work] of tasks.entries()) {
        const figures = await measureIndex({ work, seconds: quick ? 0.5 : seconds }, world.pinning?.server);
        measured[at]?.figures.push(figures);
        world.say(
          `round ${round}, ${nameOf(work)}: ${figures.us.toFixed(2)} us, ${figures.addUs.toFixed(1)} us to add`,
        );
      }
    return {
      rows: measured.map(toRow),
      ratios: measured.flatMap(ratiosOf),
      notes: [
        'CPU is the middle of twenty stretches of each round; p50 and p99 are by the clock, and contain what else ran on the machine.',
        'One policy is removed and added again, a thousand different ones in turn. Adversarial sets hold 10,000 policies unless they say otherwise.',
      ],
      violations: [],
    };
  },
};

function nameOf(work: number | HardSetKey): string {
  return typeof work === 'number' ? `${work.toLocaleString('en')} policies` : hardSets[work].title;
}

function middle({ figures }: Measured, read: (one: IndexFigures) => number): number {
  return median(figures.map(read));
}

function toRow(one: Measured): Row {
  const us = middle(one, (figures) => figures.us);
  return {
    contender: 'castellan',
    work: one.name,
    perSecond: 1e6 / us,
    p50Ms: middle(one, ({ p50Us }) => p50Us) / 1000,
    p99Ms: middle(one, ({ p99Us }) => p99Us) / 1000,
    serverUs: us,
    rounds: one.figures.length,
  };
}

function ratiosOf(one: Measured): Ratio[] {
  const name = (what: string): string => `P-9-INDEX ${one.name}: ${what}`;
  const us = (what: string, read: (figures: IndexFigures) => number, atMost?: number): Ratio => ({
    name: name(what),
    value: middle(one, read),
    unit: 'us',
    ...(atMost === undefined ? {} : { target: { atMost } }),
  });
  if (one.size === undefined) return [us('CPU per decision', (figures) => figures.us, 100)];
  const load = middle(one, ({ loadSeconds }) => loadSeconds);
  return [
    us('CPU per decision', (figures) => figures.us, decisionTargets[one.size]),
    us('CPU per decision, least of the stretches', ({ leastUs }) => leastUs),
    us('p99 by the clock', ({ p99Us }) => p99Us, one.size === 100_000 ? 10 : undefined),
    us('add one', ({ addUs }) => addUs, 10),
    us('remove one', ({ removeUs }) => removeUs, 10),
    {
      name: name('memory per policy'),
      value: middle(one, ({ bytesPerPolicy }) => bytesPerPolicy),
      unit: 'B',
      target: { atMost: 450 },
    },
    { name: name('load'), value: load, unit: 's', ...(one.size === 1_000_000 ? { target: { atMost: 6 } } : {}) },
  ];
}
