import { type AccessRequest, type Policy, PolicyIndex } from '@castellan/policy';
import { compare, type Contender } from '../compare.js';
import { makeWorkload } from '../policy/workload.js';
import type { Row, Scenario } from '../scenario.js';
import { importPolicies } from '../servers/policies.js';
import type { Product } from '../servers/product.js';
import type { World } from '../world.js';
import { rowOf } from './contenders.js';

/** From how many policies looked at on a decision is looked up rather than made. */
const variants = [
  { name: 'cache never asked', minimum: '1000000000' },
  { name: 'cache as configured by default', minimum: undefined },
  { name: 'cache always asked', minimum: '0' },
] as const;
const defaultMinimum = 500;

const cheap = 'decisions that look at few policies';
const dear = 'few decisions that look at 20,000 policies';
const dearCount = 20_000;

/** When the decision cache helps, that its default hurts nobody, and from where on a lookup is cheaper than a decision. */
export const decisionCache: Scenario = {
  id: 'CACHE',
  title: 'The decision cache: never, by default, always',
  isLong: true,
  async run(world) {
    const redis = await world.redis();
    const products: (readonly [string, Product])[] = [];
    for (const { name, minimum } of variants) {
      const env = {
        ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
        ...(minimum === undefined ? {} : { WARDEN_CACHE_MINIMUM_POLICIES: minimum }),
      };
      const product = await world.variant(name.replaceAll(' ', '_'), 'host', env);
      await importPolicies(product, dearPolicies());
      products.push([name, product]);
    }
    const rows = [
      ...(await measure(world, products, cheap, makeWorkload(100).requests.slice(0, 500))),
      ...(await measure(world, products, dear, dearRequests())),
    ];
    const [never, usual, always] = variants.map(({ name }) => name);
    const p50 = (name: string | undefined, work: string): number => rowOf(rows, name ?? '', work)?.p50Ms ?? NaN;
    const cpu = (name: string | undefined, work: string): number => rowOf(rows, name ?? '', work)?.serverUs ?? NaN;
    const lookUpUs = cpu(always, cheap) - cpu(never, cheap);
    const policyUs = timePolicy();
    return {
      rows,
      ratios: [
        {
          name: `CACHE ${cheap}: p50, default / never`,
          value: p50(usual, cheap) / p50(never, cheap),
          unit: 'x',
          target: { atMost: 1.1 },
        },
        { name: `CACHE ${cheap}: p50, always / never`, value: p50(always, cheap) / p50(never, cheap), unit: 'x' },
        {
          name: `CACHE ${dear}: p50, default / never`,
          value: p50(usual, dear) / p50(never, dear),
          unit: 'x',
          target: { atMost: 1 },
        },
        { name: 'CACHE CPU of the server for one lookup that the process answers', value: lookUpUs, unit: 'us' },
        { name: 'CACHE CPU for one policy looked at', value: policyUs, unit: 'us' },
      ],
      notes: [
        `${lookUpUs > 0 ? `A lookup that the process answers costs the CPU of about ${Math.round(lookUpUs / policyUs)} policies looked at` : 'What a lookup that the process answers costs is lost in the noise of this run'}; ` +
          `the default is ${defaultMinimum}, since a lookup that Redis has to answer costs a round trip more. ` +
          `${redis === undefined ? 'There is no Redis on this machine: the cache is the process’s own.' : 'Redis runs beside the server.'}`,
        'Requests are POST /warden/allowed with all that belongs to it. Of what is dear each question comes again and again.',
      ],
      violations: [],
    };
  },
};

/** Policies for any subject and resource of which the condition fails: a decision has to look at each. */
function dearPolicies(): Policy[] {
  return Array.from({ length: dearCount }, (_, i) => ({
    id: `dear-${i}`,
    description: '',
    effect: 'allow',
    subjects: ['<.*>'],
    resources: ['<.*>'],
    actions: ['dear'],
    conditions: { owner: { type: 'StringEqualCondition', options: { equals: `nobody-${i}` } } },
  }));
}

function dearRequests(): AccessRequest[] {
  return Array.from({ length: 50 }, (_, i) => ({
    subject: `user:${i}`,
    resource: 'rn:dear',
    action: 'dear',
    context: { owner: 'somebody' },
    anonymous: false,
  }));
}

/** CPU for one policy looked at, its condition included, in microseconds; measured in this process. */
function timePolicy(): number {
  const index = new PolicyIndex({ revision: { number: 1, mark: 'bench' }, policies: dearPolicies(), memberships: [] });
  const requests = dearRequests();
  const decideAll = (): void => requests.forEach((request) => void index.decide(request));
  decideAll();
  const start = process.cpuUsage();
  decideAll();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / requests.length / dearCount;
}

async function measure(
  world: World,
  products: readonly (readonly [string, Product])[],
  work: string,
  requests: readonly AccessRequest[],
): Promise<Row[]> {
  const bodies = requests.map(({ subject, resource, action, context }) =>
    JSON.stringify({ subject, resource, action, context }),
  );
  const contenders: Contender[] = [];
  for (const [name, product] of products) {
    const headers = { Authorization: await product.rootAuthorization(), 'Content-Type': 'application/json' };
    const url = `${product.adminUrl}/warden/allowed`;
    const plan = { kind: 'requests', url, method: 'POST', headers, bodies } as const;
    contenders.push({ name, work, pids: product.pids, output: product.output, plan: () => plan });
  }
  return compare(world, contenders);
}
