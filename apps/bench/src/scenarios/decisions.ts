import { type DecisionFigures, measureDecisions } from '../policy/decisions.js';
import { type EngineKey, engines } from '../policy/engines.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { median } from '../statistics.js';
import type { World } from '../world.js';

/** The sizes that each engine can do in a moment. */
const sizesOf: Readonly<Record<EngineKey, readonly number[]>> = {
  castellan: [10, 100, 1000, 10_000, 100_000],
  literal: [10, 100, 1000, 10_000, 100_000],
  casbin: [10, 100, 1000, 10_000],
  cedar: [10, 100, 1000, 10_000],
};
const quickSizes = [10, 1000];

/** How many answers are held against the literal decider's: it takes milliseconds for each among many policies. */
function answersAt(size: number): number {
  return size > 10_000 ? 1000 : 10_000;
}

const cpuTargets: Readonly<Record<number, number>> = { 1000: 0.8, 10_000: 1.5, 100_000: 2.5 };

type Measured = { readonly engine: EngineKey; readonly size: number; readonly figures: readonly DecisionFigures[] };

/** P-9: the policy decision in process, against other engines and against the rule read word by word. */
export const decisions: Scenario = {
  id: 'P-9',
  title: 'Policy decisions in process',
  async run(world) {
    const measured = await measureAll(world);
    const violations = measured.flatMap((one) => {
      if (one.engine !== 'castellan') return [];
      const reference = measured.find(({ engine, size }) => engine === 'literal' && size === one.size);
      const { compared, different } = mismatches(one, reference);
      world.say(`${one.size} policies: ${different} of ${compared} answers differ from the literal decider’s`);
      if (compared < answersAt(one.size)) return [`at ${one.size} policies only ${compared} answers were compared`];
      return different === 0 ? [] : [`at ${one.size} policies ${different} of ${compared} answers are wrong`];
    });
    return {
      rows: measured.map(toRow),
      ratios: ratiosOf(measured),
      notes: [
        'Every engine decides in a process of its own. Workload: 35 % one user and few resources, 20 % group and tree, the rest ' +
          'patterns of many kinds; 5 % deny, 10 % with a condition; the generator has a fixed seed.',
        `Answers are compared with the literal decider’s in the order of the requests; one difference fails the run. ${compareNote(measured)}`,
        'Cedar knows no character classes and casbin no groups that deny across subjects: their answers are not compared.',
      ],
      violations,
    };
  },
};

/** In turn: every engine at a size, then again, so that the machine's moods reach all of them. */
async function measureAll(world: World): Promise<Measured[]> {
  const { quick, rounds, seconds } = world.effort;
  const tasks = (Object.keys(engines) as EngineKey[]).flatMap((engine) =>
    sizesOf[engine].filter((size) => !quick || quickSizes.includes(size)).map((size) => ({ engine, size })),
  );
  const figures = tasks.map((): DecisionFigures[] => []);
  for (let round = 1; round <= rounds; round++)
    for (const [index, { engine, size }] of tasks.entries()) {
      // The others are slower by so much that three rounds tell.
      if (round > 3 && engine !== 'castellan') continue;
      const answers = round === 1 && engines[engine].exact ? answersAt(size) : 0;
      const task = { engine, size, answers, seconds: quick ? 0.5 : seconds };
      const one = await measureDecisions(task, world.pinning?.server);
      figures[index]?.push(one);
      world.say(`round ${round}/${rounds} ${engines[engine].name}, ${size} policies: ${one.us.toFixed(2)} us`);
    }
  return tasks.map((task, index) => ({ ...task, figures: figures[index] ?? [] }));
}

/** The first round of both gave its answers to the same requests. */
function mismatches(one: Measured, reference: Measured | undefined): { compared: number; different: number } {
  const [ours, theirs] = [one.figures[0]?.answers ?? '', reference?.figures[0]?.answers ?? ''];
  const compared = Math.min(ours.length, theirs.length);
  let different = 0;
  for (let index = 0; index < compared; index++) if (ours[index] !== theirs[index]) different++;
  return { compared, different };
}

function compareNote(measured: readonly Measured[]): string {
  const counts = measured
    .filter(({ engine }) => engine === 'castellan')
    .map((one) => {
      const reference = measured.find(({ engine, size }) => engine === 'literal' && size === one.size);
      const { compared, different } = mismatches(one, reference);
      return `${one.size.toLocaleString('en')} policies: ${different} of ${compared.toLocaleString('en')}`;
    });
  return `Differences at ${counts.join('; ')}.`;
}

function toRow({ engine, size, figures }: Measured): Row {
  const us = median(figures.map((one) => one.us));
  return {
    contender: engines[engine].name,
    work: `${size.toLocaleString('en')} policies`,
    perSecond: 1e6 / us,
    p50Ms: median(figures.map(({ p50Us }) => p50Us)) / 1000,
    p99Ms: median(figures.map(({ p99Us }) => p99Us)) / 1000,
    serverUs: us,
    memoryMb: (median(figures.map(({ bytesPerPolicy }) => bytesPerPolicy)) * size) / 2 ** 20,
    rounds: figures.length,
  };
}

function ratiosOf(measured: readonly Measured[]): Ratio[] {
  const of = (engine: EngineKey, size: number): Measured | undefined =>
    measured.find((one) => one.engine === engine && one.size === size);
  const us = (one: Measured | undefined): number => median(one?.figures.map((figures) => figures.us) ?? []);
  const ours = measured.filter(({ engine }) => engine === 'castellan');
  return [
    ...ours.flatMap((one): Ratio[] => {
      const bound = cpuTargets[one.size];
      const size = one.size.toLocaleString('en');
      if (bound === undefined) return [];
      return [
        { name: `P-9 ${size} policies: CPU per decision`, value: us(one), unit: 'us', target: { atMost: bound } },
        {
          name: `P-9 ${size} policies: memory per policy`,
          value: median(one.figures.map(({ bytesPerPolicy }) => bytesPerPolicy)),
          unit: 'B',
          target: { atMost: 450 },
        },
      ];
    }),
    ...ours.flatMap((one): Ratio[] =>
      (['literal', 'casbin', 'cedar'] as const).flatMap((engine) => {
        const other = of(engine, one.size);
        if (other === undefined || one.size < 1000) return [];
        const atLeast = engine === 'literal' ? 300 : 10_000;
        return {
          name: `P-9 ${one.size.toLocaleString('en')} policies: castellan / ${engines[engine].name}`,
          value: us(other) / us(one),
          unit: 'x',
          ...(one.size === 10_000 ? { target: { atLeast } } : {}),
        };
      }),
    ),
  ];
}
