import { compare, type Contender } from '../compare.js';
import type { CodeFlowPlan } from '../load/plan.js';
import type { Scenario } from '../scenario.js';
import { benchBasic, benchClient } from '../servers/bench-client.js';
import { ask } from '../servers/http.js';
import { type AuthorizationServer, authorizationServers, ratiosAgainstPeer } from './contenders.js';

const work = 'code flow with PKCE and consent';

/** P-4: from the authorization request to access, refresh and ID token. */
export const authorizationCode: Scenario = {
  id: 'P-4',
  title: 'Authorization code with PKCE, complete',
  async run(world) {
    const servers = await authorizationServers(world);
    const rows = await compare(world, await Promise.all(servers.map(codeFlowContender)));
    return {
      rows,
      ratios: ratiosAgainstPeer(rows, { id: 'P-4', work, host: 3, services: 1.5 }),
      notes: [
        'One flow counts as one. Castellan is asked three times (authorization, return with the signed consent response, ' +
          'token); oidc-provider four times (its interaction logs in and consents in one step).',
        'The consent response is a JWT that the load generator signs (RS256); its cost is not in the servers’ figures.',
        'RSA keys have 2048 bits on both sides.',
      ],
      violations: [],
    };
  },
};

/** Whole flows with a server. */
export async function codeFlowContender(server: AuthorizationServer): Promise<Contender> {
  const plan = await codeFlowPlan(server);
  return { name: server.name, work, pids: server.pids, output: server.output, plan: () => plan };
}

/** How whole flows are done with a server. */
export async function codeFlowPlan(server: AuthorizationServer): Promise<CodeFlowPlan> {
  return {
    kind: 'code-flow',
    authorizationUrl: server.authorizationUrl,
    tokenUrl: server.tokenUrl,
    clientId: benchClient.id,
    basic: benchBasic,
    redirectUri: benchClient.redirectUri,
    scope: benchClient.scope,
    consent: server.product === undefined ? { kind: 'own-page' } : { kind: 'signed', key: await readKey(server) },
  };
}

/** The key that consent apps sign with, read as they read it. */
async function readKey({ product }: AuthorizationServer): Promise<import('node:crypto').JsonWebKey> {
  if (product === undefined) throw new Error('only the product has a consent key');
  const set = await ask(`${product.adminUrl}/keys/hydra.consent.response/private`, {
    authorization: await product.rootAuthorization(),
  });
  const [key] = (set as { keys: import('node:crypto').JsonWebKey[] }).keys;
  if (key === undefined) throw new Error('hydra.consent.response is empty');
  return key;
}
