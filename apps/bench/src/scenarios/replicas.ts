import { compare, type Contender } from '../compare.js';
import { makeWorkload } from '../policy/workload.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import { ask } from '../servers/http.js';
import type { Mode, Product } from '../servers/product.js';
import { rate, rowOf } from './contenders.js';

type Work = { readonly work: string; contender(replicas: readonly Product[]): Promise<Contender> };

const works: readonly Work[] = [
  {
    work: 'client_credentials, opaque',
    contender: async (replicas) =>
      formOf(replicas, 'client_credentials, opaque', '/oauth2/token', 'grant_type=client_credentials&scope=bench'),
  },
  {
    work: 'introspection, valid token',
    contender: async (replicas) => {
      // Issued by the first replica; the second must know it as well.
      const form = { grant_type: 'client_credentials', scope: 'bench' };
      const answer = await ask(`${replicas[0]?.publicUrl}/oauth2/token`, { form, authorization: benchBasic });
      const body = new URLSearchParams({ token: (answer as { access_token: string }).access_token }).toString();
      return formOf(replicas, 'introspection, valid token', '/oauth2/introspect', body);
    },
  },
  {
    work: '/warden/allowed',
    contender: async (replicas) => {
      const authorization = (await replicas[0]?.rootAuthorization()) ?? '';
      const bodies = makeWorkload(100)
        .requests.slice(0, 500)
        .map(({ subject, resource, action, context }) => JSON.stringify({ subject, resource, action, context }));
      const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
      return requestsOf(replicas, '/warden/allowed', ({ adminUrl }) => `${adminUrl}/warden/allowed`, headers, bodies);
    },
  },
];

/** Two replicas on one database against one: what a second one costs, and that it answers as the first. */
export const replicas: Scenario = {
  id: 'REPLICAS',
  title: 'One replica and two, in both ways of running',
  isLong: true,
  async run(world) {
    const sets: Product[][] = [];
    for (const mode of ['host', 'services'] as const) {
      const first = await world.product(mode);
      sets.push([first], [first, await world.replica(mode)]);
    }
    const contenders: Contender[] = [];
    for (const { contender } of works) for (const set of sets) contenders.push(await contender(set));
    const rows = await compare(world, contenders);
    return {
      rows,
      ratios: works.flatMap(({ work }) =>
        (['host', 'services'] as const).flatMap((mode) => ratiosOf(rows, work, mode)),
      ),
      notes: [
        'The load generator has half of its connections to each replica’s port. All replicas share the core of the servers: the ' +
          'ratio says what a second replica costs, not what a second machine brings.',
        'A second replica of the separate services is a second set of all five on the same database.',
      ],
      violations: [],
    };
  },
};

function ratiosOf(rows: readonly Row[], work: string, mode: Mode): Ratio[] {
  const [one, two] = [rowOf(rows, nameOf(mode, 1), work), rowOf(rows, nameOf(mode, 2), work)];
  return [rate(`REPLICAS ${work}: ${mode}, two on one core / one`, two, one)];
}

function nameOf(mode: Mode, count: number): string {
  return `${mode}, ${count === 1 ? 'one replica' : 'two replicas'}`;
}

function formOf(set: readonly Product[], work: string, path: string, body: string): Contender {
  const headers = { Authorization: benchBasic, 'Content-Type': 'application/x-www-form-urlencoded' };
  return requestsOf(set, work, ({ publicUrl }) => `${publicUrl}${path}`, headers, [body]);
}

function requestsOf(
  set: readonly Product[],
  work: string,
  urlOf: (product: Product) => string,
  headers: Readonly<Record<string, string>>,
  bodies: readonly string[],
): Contender {
  const [url = '', ...alsoUrls] = set.map(urlOf);
  const plan = { kind: 'requests', url, alsoUrls, method: 'POST', headers, bodies } as const;
  return {
    name: nameOf(set[0]?.mode ?? 'host', set.length),
    work,
    pids: set.flatMap(({ pids }) => pids),
    output: () => set.map((product) => product.output()).join('\n'),
    plan: () => plan,
  };
}
