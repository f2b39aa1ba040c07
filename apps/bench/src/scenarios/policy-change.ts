import type { Ratio, Row, Scenario } from '../scenario.js';
import { AnswerError, ask } from '../servers/http.js';
import type { Product } from '../servers/product.js';
import { percentile } from '../statistics.js';
import type { World } from '../world.js';
import { names } from './contenders.js';

type Change = { readonly writeMs: number; readonly visibleMs: number };

/** What is asked meanwhile: checks of so many callers at each replica, each as soon as the last is answered. */
const situations = [
  { while: 'nothing else asked', background: 0, target: { target: { atMost: 5 } } },
  { while: 'checks all the time', background: 2, target: {} },
] as const;

/** P-10: one policy is written or deleted at one replica; no check that starts after that returned may miss it, at any. */
export const policyChange: Scenario = {
  id: 'P-10',
  title: 'One policy changed: until every replica decides by it',
  async run(world) {
    const rows: Row[] = [];
    const ratios: Ratio[] = [];
    const violations: string[] = [];
    for (const mode of ['host', 'services'] as const) {
      const replicas = [await world.product(mode), await world.replica(mode)];
      for (const { while: meanwhile, background, target } of situations) {
        const { changes, missed } = await change(world, replicas, background);
        const name = `${names[mode]}, two replicas`;
        if (missed > 0)
          violations.push(`${name}: ${missed} checks missed a write that had returned before they started`);
        const writes = changes.map(({ writeMs }) => writeMs).sort((left, right) => left - right);
        const visible = changes.map(({ visibleMs }) => visibleMs).sort((left, right) => left - right);
        const untilDecided = 'write until every replica has decided by it';
        rows.push(
          { contender: name, work: `write of one policy, ${meanwhile}`, ...quantiles(writes), rounds: writes.length },
          { contender: name, work: `${untilDecided}, ${meanwhile}`, ...quantiles(visible), rounds: visible.length },
        );
        ratios.push(
          {
            name: `P-10 ${mode}: write of one policy, ${meanwhile}, p50`,
            value: percentile(writes, 0.5),
            unit: 'ms',
            ...target,
          },
          {
            name: `P-10 ${mode}: checks that missed a write, ${meanwhile}`,
            value: missed,
            unit: 'mismatches',
            target: { atMost: 0 },
          },
        );
      }
    }
    return {
      rows,
      ratios,
      notes: [
        'Policies are created and deleted at each replica in turn; right after the answer four checks start at every replica; ' +
          'where checks run all the time, two callers at each replica ask as soon as they are answered, on the same core. The time of a write contains the HTTP request, the caller’s permission and the commit.',
      ],
      violations,
    };
  },
};

async function change(
  world: World,
  replicas: readonly Product[],
  askers: number,
): Promise<{ changes: readonly Change[]; missed: number }> {
  const authorization = (await replicas[0]?.rootAuthorization()) ?? '';
  const isAllowed = async ({ adminUrl }: Product, resource: string): Promise<boolean> => {
    const json = { subject: 'bench-reader', resource, action: 'read', context: {} };
    const answer = await ask(`${adminUrl}/warden/allowed`, { json, authorization });
    return (answer as { allowed: boolean }).allowed;
  };
  const changes: Change[] = [];
  let missed = 0;
  let isOver = false;
  // Meanwhile fences are always under way: the checks that count must not be answered by one sent too early.
  const background = replicas.flatMap((replica) =>
    Array.from({ length: askers }, async () => {
      while (!isOver) await isAllowed(replica, 'rn:bench:never');
    }),
  );
  const count = world.effort.quick ? 20 : 200;
  try {
    for (let turn = 0; turn < 2 * count; turn++) {
      const writer = replicas[turn % replicas.length];
      if (writer === undefined) break;
      const id = `bench-change-${turn >> 1}`;
      const isCreation = turn % 2 === 0;
      const start = performance.now();
      if (isCreation) await createPolicy(writer, id, authorization);
      else await deletePolicy(writer, id, authorization);
      const writeMs = performance.now() - start;
      const answers = await Promise.all(
        replicas.flatMap((replica) => Array.from({ length: 4 }, () => isAllowed(replica, `rn:bench:${id}`))),
      );
      changes.push({ writeMs, visibleMs: performance.now() - start });
      missed += answers.filter((answer) => answer !== isCreation).length;
    }
  } finally {
    isOver = true;
    await Promise.allSettled(background);
  }
  return { changes, missed };
}

async function createPolicy({ adminUrl }: Product, id: string, authorization: string): Promise<void> {
  const lists = { subjects: ['bench-reader'], resources: [`rn:bench:${id}`], actions: ['read'] };
  const json = { id, description: '', effect: 'allow', conditions: {}, ...lists };
  await ask(`${adminUrl}/policies`, { json, authorization });
}

async function deletePolicy({ adminUrl }: Product, id: string, authorization: string): Promise<void> {
  const url = `${adminUrl}/policies/${id}`;
  const answer = await fetch(url, { method: 'DELETE', headers: { Authorization: authorization } });
  const text = await answer.text();
  if (!answer.ok) throw new AnswerError(answer.status, `${url} answered ${answer.status}: ${text}`);
}

function quantiles(sorted: readonly number[]): Pick<Row, 'p50Ms' | 'p99Ms'> {
  return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}
