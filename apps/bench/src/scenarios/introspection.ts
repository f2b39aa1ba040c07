import { compare, type Contender } from '../compare.js';
import type { Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import { ask } from '../servers/http.js';
import type { World } from '../world.js';
import {
  type AuthorizationServer,
  authorizationServers,
  formContender,
  names,
  ratiosAgainstPeer,
} from './contenders.js';

const valid = 'introspection, valid token';

/** P-3: introspection of tokens that are valid, revoked or made up. */
export const introspection: Scenario = {
  id: 'P-3',
  title: 'Token introspection',
  async run(world) {
    const servers = await authorizationServers(world);
    const contenders = await Promise.all(servers.map((server) => contendersOf(world, server)));
    const rows = await compare(world, contenders.flat());
    return {
      rows,
      ratios: [...ratiosAgainstPeer(rows, { id: 'P-3', work: valid, host: 6, services: 3 })],
      notes: ['The caller authenticates with its client secret in every request.'],
      violations: [],
    };
  },
};

/** Revoked and made-up tokens are looked at in two of four contenders: one of ours, one peer. */
async function contendersOf(world: World, server: AuthorizationServer): Promise<Contender[]> {
  const count = world.effort.quick ? 50 : 500;
  const contender = (work: string, tokens: readonly string[]): Contender =>
    formContender(server, work, {
      url: server.introspectionUrl,
      authorization: benchBasic,
      bodies: tokens.map((token) => new URLSearchParams({ token }).toString()),
    });
  const usual = contender(valid, await issue(server, count));
  const shape = await issue(server, 1);
  await expectActive(server, shape[0] ?? '', true);
  if (server.name !== names.host && server.name !== names.postgres) return [usual];
  const revoked = await issue(server, 50);
  for (const token of revoked) await ask(server.revocationUrl, { form: { token }, authorization: benchBasic });
  await expectActive(server, revoked[0] ?? '', false);
  return [
    usual,
    contender('introspection, revoked token', revoked),
    contender(
      'introspection, made-up token',
      shape.flatMap((token) => ['A', 'B', 'C'].map((end) => token.slice(0, -2) + end + end)),
    ),
  ];
}

async function issue(server: AuthorizationServer, count: number): Promise<string[]> {
  const tokens: string[] = [];
  while (tokens.length < count) {
    const some = Array.from({ length: Math.min(16, count - tokens.length) }, async () => {
      const form = { grant_type: 'client_credentials', scope: 'bench' };
      const answer = await ask(server.tokenUrl, { form, authorization: benchBasic });
      return (answer as { access_token: string }).access_token;
    });
    tokens.push(...(await Promise.all(some)));
  }
  return tokens;
}

async function expectActive(server: AuthorizationServer, token: string, active: boolean): Promise<void> {
  const answer = await ask(server.introspectionUrl, { form: { token }, authorization: benchBasic });
  if ((answer as { active: boolean }).active !== active)
    throw new Error(`${server.name} says active=${String(!active)} where ${String(active)} is right`);
}
