import { compare, type Contender } from '../compare.js';
import { grantedActions, type GrantRequest, type Grants, makeGrants, policiesOf } from '../policy/grants.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { ask } from '../servers/http.js';
import { installOpenFga, type OpenFga, startOpenFga } from '../servers/openfga.js';
import { storeWorkload } from '../servers/policies.js';
import type { Product } from '../servers/product.js';
import type { World } from '../world.js';
import { names, rate, rowOf } from './contenders.js';

const peers = { memory: 'OpenFGA, memory', postgres: 'OpenFGA, PostgreSQL' } as const;
/** So many answers are compared with what is granted before anything is measured. */
const comparedRequests = 100;

/** The same grants as policies and as relationships, checked over HTTP one by one. */
export const openFga: Scenario = {
  id: 'P-7-OPENFGA',
  title: 'A check over HTTP beside OpenFGA',
  onDemand: true,
  async run(world) {
    const binary = await installOpenFga(world.say);
    if (binary === undefined)
      return { rows: [], ratios: [], notes: ['OpenFGA could not be built here.'], violations: [] };
    const rows: Row[] = [];
    const ratios: Ratio[] = [];
    const violations: string[] = [];
    for (const count of world.effort.quick ? [100] : [1_000, 10_000]) {
      const measured = await measure(world, binary, count);
      rows.push(...measured.rows);
      ratios.push(...ratiosOf(measured.rows, workOf(count)));
      violations.push(...measured.violations);
    }
    return {
      rows,
      ratios,
      notes: [
        'One grant is one policy here and one relationship there; half of them are given to groups of ten users.',
        'Every caller proves itself: ours by an access token that is looked up in each request and permitted by a policy, theirs by a preshared key.',
        'Castellan decides by what is stored when the request comes. OpenFGA on PostgreSQL is asked for that too (HIGHER_CONSISTENCY); in memory it has no other state.',
        'OpenFGA is a compiled program and may use more threads than one; all servers are pinned to one core.',
      ],
      violations,
    };
  },
};

function workOf(count: number): string {
  return `one check, ${count.toLocaleString('en')} grants`;
}

async function measure(
  world: World,
  binary: string,
  count: number,
): Promise<{ readonly rows: readonly Row[]; readonly violations: readonly string[] }> {
  const grants = makeGrants(count);
  const cores = world.pinning?.server;
  const databaseUrl = await (await world.cluster()).makeDatabase(`openfga_${count}`);
  const product = await world.startProduct('host', `beside_openfga_${count}`);
  const relations = grantedActions;
  const started: { stop(): Promise<void> }[] = [product];
  try {
    const memory = await startOpenFga(binary, { relations, cores });
    started.push(memory);
    const postgres = await startOpenFga(binary, { relations, cores, databaseUrl });
    started.push(postgres);
    await storeWorkload(world.say, product, {
      policies: policiesOf(grants),
      memberships: grants.groups.flatMap(({ id, members }) =>
        members.map((member) => ({ groupId: `group:${id}`, member: `user:${member}` })),
      ),
      requests: [],
    });
    for (const [name, server] of [
      [peers.memory, memory],
      [peers.postgres, postgres],
    ] as const) {
      world.say(`storing ${count} relationships in ${name}`);
      await server.write(tuplesOf(grants));
    }
    const contenders = [
      await ours(product, grants),
      theirs(peers.memory, memory, grants, {}),
      theirs(peers.postgres, postgres, grants, { consistency: 'HIGHER_CONSISTENCY' }),
    ];
    const wrong = await Promise.all(contenders.map((contender) => wrongAnswers(contender, grants)));
    return { rows: await compare(world, contenders), violations: wrong.flat() };
  } finally {
    for (const server of started.reverse()) await server.stop();
  }
}

async function ours(product: Product, grants: Grants): Promise<Contender> {
  return contenderOf(names.host, product, grants, {
    url: `${product.adminUrl}/warden/allowed`,
    authorization: await product.rootAuthorization(),
    body: ({ user, action, thing }) => ({ subject: `user:${user}`, action, resource: `thing:${thing}`, context: {} }),
  });
}

function theirs(name: string, server: OpenFga, grants: Grants, further: object): Contender {
  return contenderOf(name, { pids: [server.pid], output: server.output }, grants, {
    url: server.checkUrl,
    authorization: server.authorization,
    body: ({ user, action, thing }) => ({
      tuple_key: { user: `user:${user}`, relation: action, object: `thing:${thing}` },
      ...further,
    }),
  });
}

function contenderOf(
  name: string,
  { pids, output }: Pick<Contender, 'pids' | 'output'>,
  { grants, requests }: Grants,
  door: { readonly url: string; readonly authorization: string; readonly body: (request: GrantRequest) => object },
): Contender {
  const headers = { Authorization: door.authorization, 'Content-Type': 'application/json' };
  const bodies = requests.map((request) => JSON.stringify(door.body(request)));
  const plan = { kind: 'requests', url: door.url, method: 'POST', headers, bodies } as const;
  return { name, work: workOf(grants.length), pids, output, plan: () => plan };
}

/** What a contender answers otherwise than it was granted: its figures would be worth nothing. */
async function wrongAnswers({ name, plan }: Contender, { requests }: Grants): Promise<string[]> {
  const load = plan();
  if (load.kind !== 'requests') throw new Error('a check is one request');
  let wrong = 0;
  for (const [index, { isGranted }] of requests.slice(0, comparedRequests).entries()) {
    const json: unknown = JSON.parse(load.bodies[index] ?? '');
    const answer = await ask(load.url, { json, authorization: load.headers['Authorization'] ?? '' });
    if ((answer as { allowed: boolean }).allowed !== isGranted) wrong++;
  }
  return wrong === 0 ? [] : [`${name}: ${wrong} of ${comparedRequests} answers are wrong`];
}

function tuplesOf({ grants, groups }: Grants): { user: string; relation: string; object: string }[] {
  return [
    ...groups.flatMap(({ id, members }) =>
      members.map((member) => ({ user: `user:${member}`, relation: 'member', object: `group:${id}` })),
    ),
    ...grants.map(({ subject, action, thing }) => ({
      user: subject.type === 'user' ? `user:${subject.id}` : `group:${subject.id}#member`,
      relation: action,
      object: `thing:${thing}`,
    })),
  ];
}

function ratiosOf(rows: readonly Row[], work: string): Ratio[] {
  const of = (name: string): Row | undefined => rowOf(rows, name, work);
  return [
    rate(`P-7-OPENFGA ${work}: host / OpenFGA on PostgreSQL`, of(names.host), of(peers.postgres)),
    rate(`P-7-OPENFGA ${work}: host / OpenFGA in memory`, of(names.host), of(peers.memory)),
  ];
}
