import { compare, type Contender } from '../compare.js';
import { generateLoad } from '../load/generate.js';
import type { Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import type { World } from '../world.js';
import { codeFlowPlan } from './authorization-code.js';
import { type AuthorizationServer, authorizationServers, ratiosAgainstPeer } from './contenders.js';

const work = 'refresh with rotation and ID token';

/** P-5: refresh tokens that rotate; an ID token comes with each. */
export const refresh: Scenario = {
  id: 'P-5',
  title: 'Refresh, rotating',
  async run(world) {
    const contenders: Contender[] = [];
    for (const server of await authorizationServers(world)) contenders.push(await contenderOf(world, server));
    const rows = await compare(world, contenders);
    return {
      rows,
      ratios: ratiosAgainstPeer(rows, { id: 'P-5', work, host: 4, services: 2 }),
      notes: ['Each refresh uses the token up, stores its successor and signs an ID token (RS256, 2048 bits).'],
      violations: [],
    };
  },
};

async function contenderOf(world: World, server: AuthorizationServer): Promise<Contender> {
  const flow = await codeFlowPlan(server);
  const { connections, rounds, quick } = world.effort;
  // What is in flight when a round ends is lost with its token; a round may be repeated twice.
  const wanted = connections * (2 + rounds * (quick ? 1 : 3));
  let tokens: readonly string[] = [];
  world.say(`getting ${wanted} refresh tokens from ${server.name}`);
  while (tokens.length < wanted) {
    const result = await generateLoad(flow, { connections: 16, seconds: 2 });
    if (result.completed === 0) throw new Error(`${server.name} completes no flow: ${result.firstFailure ?? ''}`);
    tokens = [...tokens, ...(result.refreshTokens ?? [])];
  }
  return {
    name: server.name,
    work,
    pids: server.pids,
    output: server.output,
    plan: () => ({ kind: 'refresh', tokenUrl: server.tokenUrl, basic: benchBasic, refreshTokens: tokens }),
    onRound: (left) => (tokens = left),
  };
}
