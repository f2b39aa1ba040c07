import { compare, type Contender } from '../compare.js';
import { generateLoad } from '../load/generate.js';
import type { LoadResult } from '../load/plan.js';
import type { Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import { startFloor } from '../servers/floor.js';
import { ask } from '../servers/http.js';
import { codeFlowPlan } from './authorization-code.js';
import { type AuthorizationServer, names, peerServer, productServer, rate, rowOf } from './contenders.js';

const floorName = 'Fastify, same bytes';
const discovery = { work: 'discovery document', path: '/.well-known/openid-configuration' };
const jwks = { work: 'JWK Set', path: '/.well-known/jwks.json', peerPath: '/jwks' };
const userinfo = { work: 'userinfo', path: '/userinfo', peerPath: '/me' };

/** P-6: what every relying party reads, against Fastify serving the same bytes. */
export const documents: Scenario = {
  id: 'P-6',
  title: 'Discovery document, JWK Set and userinfo',
  async run(world) {
    const products = [await productServer(world, 'host'), await productServer(world, 'services')];
    const peer = await peerServer(world, 'postgres');
    const tokens = new Map<AuthorizationServer, string>();
    for (const server of [...products, peer]) tokens.set(server, await accessTokenOfUser(server));
    const texts: Record<string, string> = {};
    for (const { path } of [discovery, jwks, userinfo])
      texts[path] = await read(products[0], path, tokens.get(products[0] ?? peer));
    const floor = world.keep(await startFloor('bytes', texts, world.pinning?.server));
    const rows = await compare(
      world,
      [discovery, jwks, userinfo].flatMap(({ work, path, ...other }) => {
        const peerPath = 'peerPath' in other ? other.peerPath : path;
        const token = (server: AuthorizationServer): string | undefined =>
          path === userinfo.path ? tokens.get(server) : undefined;
        return [
          ...products.map((server) => reader(server, work, `${originOf(server)}${path}`, token(server))),
          ...(work === discovery.work ? [] : [reader(peer, work, `${originOf(peer)}${peerPath}`, token(peer))]),
          reader({ name: floorName, pids: [floor.pid], output: floor.output }, work, `${floor.url}${path}`, undefined),
        ];
      }),
    );
    return {
      rows,
      ratios: [discovery.work, jwks.work, userinfo.work].flatMap((work) => {
        const least = work === userinfo.work ? undefined : 0.8;
        const of = (name: string): (typeof rows)[number] | undefined => rowOf(rows, name, work);
        return [
          rate(`P-6 ${work}: host / Fastify`, of(names.host), of(floorName), least),
          rate(`P-6 ${work}: services / Fastify`, of(names.services), of(floorName), least),
          ...(of(names.postgres) === undefined
            ? []
            : [rate(`P-6 ${work}: host / oidc-provider on PostgreSQL`, of(names.host), of(names.postgres))]),
        ];
      }),
      notes: [
        'Fastify answers from a buffer and sets no header but the content type and length.',
        'Userinfo looks the access token up in the database in every request; Fastify, which looks at no token, is its floor.',
      ],
      violations: [],
    };
  },
};

function originOf({ tokenUrl }: AuthorizationServer): string {
  return new URL(tokenUrl).origin;
}

function reader(
  { name, pids, output }: Pick<AuthorizationServer, 'name' | 'pids' | 'output'>,
  work: string,
  url: string,
  token: string | undefined,
): Contender {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const plan = { kind: 'requests', url, method: 'GET', headers, bodies: [] } as const;
  return { name, work, pids, output, plan: () => plan };
}

async function read(server: AuthorizationServer | undefined, path: string, token: string | undefined): Promise<string> {
  if (server === undefined) throw new Error('nobody serves');
  const answer = await fetch(`${originOf(server)}${path}`, { headers: { Authorization: `Bearer ${token ?? ''}` } });
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.text();
}

/** An access token of a user, as a relying party has it: by a code flow, then a refresh. */
async function accessTokenOfUser(server: AuthorizationServer): Promise<string> {
  const flow = await codeFlowPlan(server);
  let load: LoadResult | undefined;
  for (let tries = 0; tries < 10 && load?.refreshTokens?.[0] === undefined; tries++)
    load = await generateLoad(flow, { connections: 1, seconds: 1 });
  const [token] = load?.refreshTokens ?? [];
  if (token === undefined) throw new Error(`${server.name} completed no code flow: ${load?.firstFailure ?? ''}`);
  const form = { grant_type: 'refresh_token', refresh_token: token };
  const answer = await ask(server.tokenUrl, { form, authorization: benchBasic });
  return (answer as { access_token: string }).access_token;
}
