import { compare, type Contender } from '../compare.js';
import { makeWorkload, type Workload } from '../policy/workload.js';
import type { Row, Scenario } from '../scenario.js';
import { type Floor, startFloor } from '../servers/floor.js';
import { ask } from '../servers/http.js';
import type { Product } from '../servers/product.js';
import type { World } from '../world.js';
import { names, rate } from './contenders.js';

const floorName = 'Nest on Fastify, empty handler';
// What the original did with PostgreSQL on a machine of this class; quoted from its measurement, not run here.
const originalAt1000 = 126;

/** P-7: a check over HTTP, with the caller's token and permission checked too. */
export const wardenHttp: Scenario = {
  id: 'P-7',
  title: 'Warden over HTTP: POST /warden/allowed',
  guarded: true,
  async run(world) {
    const products = [await world.product('host'), await world.product('services')];
    const floor = world.keep(await startFloor('nest', {}, world.pinning?.server));
    const few = await measure(world, products, floor, 'few policies', makeWorkload(100));
    const count = world.effort.quick ? 100 : 1000;
    const workload = makeWorkload(count);
    for (const product of products) await seed(world, product, workload);
    const work = `${count.toLocaleString('en')} policies`;
    const many = await measure(world, products, floor, work, workload);
    const of = (rows: readonly Row[], name: string): Row | undefined => rows.find((row) => row.contender === name);
    const host = of(many, names.host);
    return {
      rows: [...few, ...many],
      ratios: [
        rate('P-7 few policies: host / empty handler', of(few, names.host), of(few, floorName), 0.6, true),
        rate('P-7 few policies: services / empty handler', of(few, names.services), of(few, floorName), 0.35, true),
        rate('P-7 few policies: services / host', of(few, names.services), of(few, names.host), 0.5, true),
        rate(`P-7 ${work}: host / empty handler`, host, of(many, floorName), 0.6),
        ...(world.effort.quick
          ? []
          : [
              rate(
                'P-7 1,000 policies: host / the original (quoted)',
                host,
                { ...emptyRow, perSecond: originalAt1000 },
                100,
              ),
            ]),
      ],
      notes: [
        'Each request proves the caller’s token and permission, reads a fence and decides; nothing is taken from an earlier answer.',
        `The original’s ${originalAt1000} requests per second at 1,000 policies are quoted from a machine of the same class.`,
      ],
      violations: [],
    };
  },
};

const emptyRow: Row = { contender: 'the original', work: 'quoted' };

async function measure(
  world: World,
  products: readonly Product[],
  floor: Floor,
  work: string,
  workload: Workload,
): Promise<Row[]> {
  const bodies = workload.requests
    .slice(0, 500)
    .map(({ subject, resource, action, context }) => JSON.stringify({ subject, resource, action, context }));
  const contender = (
    name: string,
    { pids, output }: Pick<Contender, 'pids' | 'output'>,
    origin: string,
    authorization: string,
  ): Contender => {
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
    const plan = { kind: 'requests', url: `${origin}/warden/allowed`, method: 'POST', headers, bodies } as const;
    return { name, work, pids, output, plan: () => plan };
  };
  return compare(world, [
    ...(await Promise.all(
      products.map(async (product) =>
        contender(names[product.mode], product, product.adminUrl, await product.rootAuthorization()),
      ),
    )),
    contender(
      floorName,
      { pids: [floor.pid], output: floor.output },
      floor.url,
      'Bearer nobody-looks-at-this-token-of-the-same-length',
    ),
  ]);
}

/** Stores the policies and groups over the admin API. */
async function seed(world: World, product: Product, { policies, memberships }: Workload): Promise<void> {
  world.say(`storing ${policies.length} policies in ${names[product.mode]}`);
  const authorization = await product.rootAuthorization();
  const waiting = [
    ...policies.map((policy) => ['/policies', policy] as const),
    ...[...membersByGroup(memberships)].map(([id, members]) => ['/warden/groups', { id, members }] as const),
  ];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await ask(`${product.adminUrl}${next[0]}`, { json: next[1], authorization });
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

function membersByGroup(memberships: Workload['memberships']): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { groupId, member } of memberships) groups.set(groupId, [...(groups.get(groupId) ?? []), member]);
  return groups;
}
