import { compare, type Contender } from '../compare.js';
import { makeWorkload, type Workload } from '../policy/workload.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { type Floor, startFloor } from '../servers/floor.js';
import type { Product } from '../servers/product.js';
import { storeWorkload } from '../servers/policies.js';
import type { World } from '../world.js';
import { names, rate, rowOf } from './contenders.js';

const floorName = 'Nest on Fastify, empty handler';
// What the original did with PostgreSQL on a machine of this class; quoted from its measurement, not run here.
const original = { 1000: 126, 10_000: 18 } as const;
const perBatch = 20;

type Request = Workload['requests'][number];

/** The doors over HTTP: path and body for a request; a batch takes several. */
const doors = {
  allowed: {
    path: '/warden/allowed',
    body: ({ subject, resource, action, context }: Request) => ({ subject, resource, action, context }),
  },
  tokenAllowed: {
    path: '/warden/token/allowed',
    body: ({ resource, action, context }: Request, token: string) => ({
      token,
      scopes: ['hydra'],
      resource,
      action,
      context,
    }),
  },
  evaluation: { path: '/access/v1/evaluation', body: evaluation },
  evaluations: {
    path: '/access/v1/evaluations',
    body: (request: Request) => ({ evaluations: Array.from({ length: perBatch }, () => evaluation(request)) }),
  },
} as const;

type Door = (typeof doors)[keyof typeof doors];

/** P-7: checks over HTTP, with the caller's token and permission checked too. */
export const wardenHttp: Scenario = {
  id: 'P-7',
  title: 'Warden over HTTP: /warden/allowed, /warden/token/allowed, AuthZEN',
  async run(world) {
    const products = [await world.product('host'), await world.product('services')];
    const floor = world.keep(await startFloor('nest', {}, world.pinning?.server));
    const counts = world.effort.quick ? [100] : [1000, 10_000];
    const few = await measure(world, products, floor, doors.allowed, 'few', makeWorkload(100));
    const rows = [...few];
    const ratios = againstFloor(few, doors.allowed, 'few');
    for (const count of counts) {
      const workload = makeWorkload(count);
      for (const product of products) await storeWorkload(world.say, product, workload);
      const asked = count === counts[0] ? Object.values(doors) : [doors.allowed];
      for (const door of asked) {
        const measured = await measure(world, products, floor, door, count.toLocaleString('en'), workload);
        rows.push(...measured);
        ratios.push(
          ...againstFloor(measured, door, count.toLocaleString('en')),
          ...againstOriginal(measured, door, count),
        );
      }
    }
    return {
      rows,
      ratios,
      notes: [
        'Each request proves the caller’s token and permission, reads a fence and decides; nothing is taken from an earlier answer.',
        `AuthZEN evaluations are ${perBatch} in one request, decided at one revision; figures are requests.`,
        'The original’s 126 and 18 requests per second at 1,000 and 10,000 policies are quoted from a machine of the same class.',
      ],
      violations: [],
    };
  },
};

function evaluation({ subject, resource, action, context }: Request): object {
  return {
    subject: { type: 'user', id: subject },
    resource: { type: 'thing', id: resource },
    action: { name: action },
    context,
  };
}

function workOf(door: Door, policies: string): string {
  return `${door.path}, ${policies} policies`;
}

async function measure(
  world: World,
  products: readonly Product[],
  floor: Floor,
  door: Door,
  policies: string,
  workload: Workload,
): Promise<Row[]> {
  const contender = (
    name: string,
    { pids, output }: Pick<Contender, 'pids' | 'output'>,
    origin: string,
    authorization: string,
  ): Contender => {
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
    const token = authorization.replace('Bearer ', '');
    const bodies = workload.requests.slice(0, 500).map((request) => JSON.stringify(door.body(request, token)));
    const plan = { kind: 'requests', url: `${origin}${door.path}`, method: 'POST', headers, bodies } as const;
    return { name, work: workOf(door, policies), pids, output, plan: () => plan };
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

function againstFloor(rows: readonly Row[], door: Door, policies: string): Ratio[] {
  const work = workOf(door, policies);
  const of = (name: string): Row | undefined => rowOf(rows, name, work);
  const bound = (least: number): number | undefined => (door === doors.allowed ? least : undefined);
  return [
    rate(`P-7 ${work}: host / empty handler`, of(names.host), of(floorName), bound(0.6)),
    rate(`P-7 ${work}: services / empty handler`, of(names.services), of(floorName), bound(0.35)),
    rate(`P-7 ${work}: services / host`, of(names.services), of(names.host), bound(0.5)),
  ];
}

function againstOriginal(rows: readonly Row[], door: Door, count: number): Ratio[] {
  if (door !== doors.allowed || (count !== 1000 && count !== 10_000)) return [];
  const policies = count.toLocaleString('en');
  const quoted = { contender: 'the original', work: 'quoted', perSecond: original[count] };
  const host = rowOf(rows, names.host, workOf(door, policies));
  return [rate(`P-7 ${policies} policies: host / the original (quoted)`, host, quoted, count === 1000 ? 100 : 650)];
}
