import { type Contender, measure, type Round } from '../compare.js';
import { measureDecisions } from '../policy/decisions.js';
import type { EngineKey } from '../policy/engines.js';
import { makeWorkload } from '../policy/workload.js';
import { codeFlowContender } from '../scenarios/authorization-code.js';
import { type AuthorizationServer, formContender, peerServer, productServer } from '../scenarios/contenders.js';
import { benchBasic } from '../servers/bench-client.js';
import { startFloor } from '../servers/floor.js';
import { ask } from '../servers/http.js';
import { median } from '../statistics.js';
import type { World } from '../world.js';
import type { Try } from './guard.js';
import { UnmeasuredError } from './unmeasured-error.js';

const discoveryPath = '/.well-known/openid-configuration';
const decisionRounds = 3;
const decisionPolicies = 1000;

/** A work that the product and a peer do; the ratio is the peer's CPU per request by ours. */
type Match = { readonly name: string; readonly ours: Contender; readonly theirs: Contender };

/**
 * Measures ratios that keep still on a machine that is not ours alone: CPU per request of a peer's processes by that of
 * the product's, in turn, and the same of decisions in process. Of each the least of all rounds counts: what disturbs
 * adds CPU time and never takes any. Rejects with UnmeasuredError when there are no figures.
 */
export async function measureRatios(world: World): Promise<Try> {
  try {
    const matches = await matchesOf(world);
    const rounds = await measureInTurn(
      world,
      matches.flatMap(({ ours, theirs }) => [ours, theirs]),
    );
    const us = (contender: Contender): number => Math.min(...(rounds.get(contender) ?? []).map(cpu));
    const ratios: Record<string, number> = {};
    for (const { name, ours, theirs } of matches) ratios[name] = us(theirs) / us(ours);
    ratios['decision among 1,000 policies: literal decider / castellan'] = await decisionRatio(world);
    for (const [name, value] of Object.entries(ratios)) {
      if (!(value > 0)) throw new Error(`this machine tells no CPU time for ${name}`);
      ratios[name] = Number(value.toPrecision(3));
    }
    return { ratios, strangers: median([...rounds.values()].flat().map(({ strangers }) => strangers)) };
  } catch (cause) {
    throw new UnmeasuredError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function measureInTurn(world: World, contenders: readonly Contender[]): Promise<Map<Contender, Round[]>> {
  const { pid, analyze } = await world.cluster();
  const { rounds, seconds, warmUpSeconds } = world.effort;
  for (const contender of contenders) {
    world.say(`warming up ${contender.name}: ${contender.work}`);
    await measure(world, contender, pid, warmUpSeconds);
  }
  await analyze();
  const measured = new Map(contenders.map((contender) => [contender, [] as Round[]]));
  for (let number = 1; number <= rounds; number++)
    for (const contender of contenders) {
      const round = await measure(world, contender, pid, seconds);
      measured.get(contender)?.push(round);
      world.say(`round ${number}/${rounds} ${contender.name}: ${contender.work}: ${Math.round(cpu(round))} us of CPU`);
    }
  return measured;
}

async function matchesOf(world: World): Promise<Match[]> {
  const product = await world.product('host');
  const host = await productServer(world, 'host');
  const peer = await peerServer(world, 'postgres');
  const discovery = await (await fetch(`${product.publicUrl}${discoveryPath}`)).text();
  const bytes = await world.floor('bytes', () =>
    startFloor('bytes', { [discoveryPath]: discovery }, world.pinning?.server),
  );
  const empty = await world.floor('nest', () => startFloor('nest', {}, world.pinning?.server));
  const authorization = await product.rootAuthorization();
  return [
    pair('client_credentials: oidc-provider / castellan host', [host, peer], clientCredentials),
    await pairLater('introspection: oidc-provider / castellan host', [host, peer], introspection),
    await pairLater('code flow: oidc-provider / castellan host', [host, peer], fewFlows),
    pair(
      'discovery document: Fastify / castellan host',
      [
        { ...host, origin: product.publicUrl },
        { name: 'Fastify', pids: [bytes.pid], output: bytes.output, origin: bytes.url },
      ],
      document,
    ),
    pair(
      '/warden/allowed: empty handler / castellan host',
      [
        { ...host, origin: product.adminUrl },
        { name: 'empty handler', pids: [empty.pid], output: empty.output, origin: empty.url },
      ],
      (server) => warden(server, authorization),
    ),
  ];
}

function pair<Server>(
  name: string,
  [ours, theirs]: readonly [Server, Server],
  make: (one: Server) => Contender,
): Match {
  return { name, ours: make(ours), theirs: make(theirs) };
}

async function pairLater<Server>(
  name: string,
  [ours, theirs]: readonly [Server, Server],
  make: (one: Server) => Promise<Contender>,
): Promise<Match> {
  return { name, ours: await make(ours), theirs: await make(theirs) };
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

/** In turn, as with servers. */
async function decisionRatio(world: World): Promise<number> {
  const us: Record<'castellan' | 'literal', number[]> = { castellan: [], literal: [] };
  for (let round = 0; round < decisionRounds; round++)
    for (const engine of ['castellan', 'literal'] as const satisfies readonly EngineKey[]) {
      const task = { engine, size: decisionPolicies, answers: 0, seconds: 1 };
      us[engine].push((await measureDecisions(task, world.pinning?.server)).us);
    }
  return Math.min(...us.literal) / Math.min(...us.castellan);
}

function cpu({ serverUs, databaseUs }: Round): number {
  return (serverUs ?? NaN) + (databaseUs ?? NaN);
}
