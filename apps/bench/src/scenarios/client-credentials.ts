import { compare } from '../compare.js';
import type { Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import { authorizationServers, formContender, ratiosAgainstPeer } from './contenders.js';

const work = 'client_credentials, opaque';

/** P-1: an opaque access token by client credentials. */
export const clientCredentials: Scenario = {
  id: 'P-1',
  title: 'Access token by client credentials, opaque',
  async run(world) {
    const servers = await authorizationServers(world);
    const rows = await compare(
      world,
      servers.map((server) =>
        formContender(server, work, {
          url: server.tokenUrl,
          authorization: benchBasic,
          bodies: ['grant_type=client_credentials&scope=bench'],
        }),
      ),
    );
    return {
      rows,
      ratios: ratiosAgainstPeer(rows, { id: 'P-1', work, host: 4, services: 2, p99: 0.25 }),
      notes: [
        'Every token is stored durably before the answer (fsync and synchronous_commit are on), except by the peer in memory.',
        'The peer compares client secrets without a slow hash; the product verifies a chosen secret with argon2id once per process.',
      ],
      violations: [],
    };
  },
};
