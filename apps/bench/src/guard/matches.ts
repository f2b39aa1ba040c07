import type { Contender } from '../compare.js';
import { makeWorkload } from '../policy/workload.js';
import { codeFlowContender } from '../scenarios/authorization-code.js';
import { type AuthorizationServer, formContender, peerServer, productServer } from '../scenarios/contenders.js';
import { benchBasic } from '../servers/bench-client.js';
import { startFloor } from '../servers/floor.js';
import { ask } from '../servers/http.js';
import type { World } from '../world.js';
import { type Duel, engineDuel, serverDuel } from './duel.js';

/** A work that the product and a peer do; the ratio is the peer's CPU per piece of work by ours. */
export type Match = {
  readonly name: string;
  /** Starts both, where nothing has started them yet, and warms them up. */
  readonly begin: (world: World) => Promise<Duel>;
};

const discoveryPath = '/.well-known/openid-configuration';

/** Everything that can be recorded, by the name it is recorded under. */
export const matches: readonly Match[] = [
  {
    name: 'client_credentials: oidc-provider / castellan host',
    begin: (world) => authorizationServers(world, clientCredentials),
  },
  {
    name: 'introspection: oidc-provider / castellan host',
    begin: (world) => authorizationServers(world, introspection),
  },
  { name: 'code flow: oidc-provider / castellan host', begin: (world) => authorizationServers(world, fewFlows) },
  { name: 'discovery document: Fastify / castellan host', begin: documents },
  { name: '/warden/allowed: empty handler / castellan host', begin: wardens },
  {
    name: 'decision among 1,000 policies: literal decider / castellan',
    begin: async (world) => engineDuel(world, 'castellan', 'literal', 1000),
  },
];

async function authorizationServers(
  world: World,
  make: (server: AuthorizationServer) => Contender | Promise<Contender>,
): Promise<Duel> {
  const ours = await make(await productServer(world, 'host'));
  return serverDuel(world, ours, await make(await peerServer(world, 'postgres')));
}

async function documents(world: World): Promise<Duel> {
  const { publicUrl } = await world.product('host');
  const text = await (await fetch(`${publicUrl}${discoveryPath}`)).text();
  const { pid, output, url } = await world.floor('bytes', () =>
    startFloor('bytes', { [discoveryPath]: text }, world.pinning?.server),
  );
  const ours = document({ ...(await productServer(world, 'host')), origin: publicUrl });
  return serverDuel(world, ours, document({ name: 'Fastify', pids: [pid], output, origin: url }));
}

async function wardens(world: World): Promise<Duel> {
  const product = await world.product('host');
  const authorization = await product.rootAuthorization();
  const { pid, output, url } = await world.floor('nest', () => startFloor('nest', {}, world.pinning?.server));
  const ours = warden({ ...(await productServer(world, 'host')), origin: product.adminUrl }, authorization);
  const theirs = warden({ name: 'empty handler', pids: [pid], output, origin: url }, authorization);
  return serverDuel(world, ours, theirs);
}

function clientCredentials(server: AuthorizationServer): Contender {
  return formContender(server, 'client_credentials', {
    url: server.tokenUrl,
    authorization: benchBasic,
    bodies: ['grant_type=client_credentials&scope=bench'],
  });
}

async function introspection(server: AuthorizationServer): Promise<Contender> {
  const form = { grant_type: 'client_credentials', scope: 'bench' };
  const answer = await ask(server.tokenUrl, { form, authorization: benchBasic });
  const body = new URLSearchParams({ token: (answer as { access_token: string }).access_token }).toString();
  return formContender(server, 'introspection', {
    url: server.introspectionUrl,
    authorization: benchBasic,
    bodies: [body],
  });
}

/** Few at once: flows that a round breaks off cost CPU and count for nothing. */
async function fewFlows(server: AuthorizationServer): Promise<Contender> {
  return { ...(await codeFlowContender(server)), connections: 4 };
}

type Origin = Pick<Contender, 'name' | 'pids' | 'output'> & { readonly origin: string };

function document({ name, pids, output, origin }: Origin): Contender {
  const url = `${origin}${discoveryPath}`;
  const plan = { kind: 'requests', url, method: 'GET', headers: {}, bodies: [] } as const;
  return { name, work: 'discovery document', pids, output, plan: () => plan };
}

function warden({ name, pids, output, origin }: Origin, authorization: string): Contender {
  const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
  const bodies = makeWorkload(100)
    .requests.slice(0, 500)
    .map(({ subject, resource, action, context }) => JSON.stringify({ subject, resource, action, context }));
  const plan = { kind: 'requests', url: `${origin}/warden/allowed`, method: 'POST', headers, bodies } as const;
  return { name, work: '/warden/allowed', pids, output, plan: () => plan };
}
