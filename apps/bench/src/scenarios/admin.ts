import { compare, type Contender } from '../compare.js';
import { cpuOf, cpuOfTree } from '../machine/cpu.js';
import { makeWorkload } from '../policy/workload.js';
import type { Row, Scenario } from '../scenario.js';
import { importPolicies } from '../servers/policies.js';
import type { Product } from '../servers/product.js';
import type { World } from '../world.js';
import { names } from './contenders.js';

const imported = { usual: 50_000, quick: 2000 } as const;

const things = [
  {
    work: 'policies: create, read, replace, delete',
    path: '/policies',
    body: {
      id: '{id}',
      description: '',
      subjects: ['user:{id}'],
      actions: ['read', 'update'],
      resources: ['rn:bench:{id}:<.*>'],
      effect: 'allow',
      conditions: {},
    },
  },
  {
    work: 'clients: create, read, replace, delete',
    path: '/clients',
    body: {
      id: '{id}',
      client_id: '{id}',
      client_name: 'crud',
      redirect_uris: ['http://localhost:9010/callback'],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: 'openid',
      public: true,
    },
  },
] as const;

/** P-11: what operators do, by the admin API. */
export const adminWork: Scenario = {
  id: 'P-11',
  title: 'Admin API: policies and clients, and a bulk import',
  isLong: true,
  async run(world) {
    const products = [await world.product('host'), await world.product('services')];
    const contenders: Contender[] = [];
    for (const thing of things)
      for (const product of products) contenders.push(await lifeContender(product, thing.work, thing.path, thing.body));
    const rows = await compare(world, contenders);
    const importing = await measureImports(world);
    return {
      rows: [...rows, ...importing],
      ratios: [],
      notes: [
        'A thing’s life is four requests and counts as one; every write is a transaction of its own that raises the revision, ' +
          'leaves its version in the history and is guarded by the caller’s token and a decision of the Warden.',
        'An import is sent in parts of 500 and committed at once: every policy, or none. Figures are policies per second; the ' +
          'second import replaces the policies of the first.',
      ],
      violations: [],
    };
  },
};

async function lifeContender(product: Product, work: string, path: string, body: object): Promise<Contender> {
  const authorization = await product.rootAuthorization();
  let round = 0;
  return {
    name: names[product.mode],
    work,
    pids: product.pids,
    output: product.output,
    connections: 4,
    plan: () => ({
      kind: 'crud',
      url: `${product.adminUrl}${path}`,
      authorization,
      body: JSON.stringify(body),
      prefix: `crud-${Date.now().toString(36)}-${round++}`,
    }),
  };
}

/** On products of their own: nobody else shall decide among fifty thousand policies. */
async function measureImports(world: World): Promise<Row[]> {
  const count = world.effort.quick ? imported.quick : imported.usual;
  const { policies } = makeWorkload(count);
  const cluster = await world.cluster();
  const rows: Row[] = [];
  for (const mode of ['host', 'services'] as const) {
    world.say(`starting castellan (${mode}) for the import`);
    const product = world.keep(await world.startProduct(mode, `import_${mode}`));
    for (const which of ['the first time', 'replacing all'] as const) {
      const [server, database] = [serverCpu(product), cpuOfTree(cluster.pid) ?? NaN];
      const { stageMs, commitMs } = await importPolicies(product, policies);
      world.say(`${mode}: ${count} policies in ${Math.round(stageMs)} ms, committed in ${Math.round(commitMs)} ms`);
      rows.push({
        contender: `${names[mode]}, ${which}`,
        work: `import of ${count.toLocaleString('en')} policies`,
        perSecond: (count / (stageMs + commitMs)) * 1000,
        p50Ms: stageMs + commitMs,
        serverUs: (serverCpu(product) - server) / count,
        databaseUs: ((cpuOfTree(cluster.pid) ?? NaN) - database) / count,
        rounds: 1,
      });
    }
    await product.stop();
  }
  return rows;
}

function serverCpu({ pids }: Product): number {
  return pids.reduce((sum, pid) => sum + (cpuOf(pid) ?? NaN), 0);
}
