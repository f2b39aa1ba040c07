import { compare, type Contender } from '../compare.js';
import type { Ratio, Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import {
  type AuthorizationServer,
  formContender,
  names,
  peerServer,
  productServer,
  rate,
  rowOf,
} from './contenders.js';

const counts = [1, 16, 64, 256] as const;

/** P-1 again with few and with many connections: latency of a lone caller, and what a crowd does to it. */
export const connectionCounts: Scenario = {
  id: 'CONNECTIONS',
  title: 'Access tokens at 1, 16, 64 and 256 connections',
  isLong: true,
  async run(world) {
    const servers = [await productServer(world, 'host'), await peerServer(world, 'postgres')];
    const rows = await compare(
      world,
      counts.flatMap((count) => servers.map((server) => contenderOf(server, count))),
    );
    return {
      rows,
      ratios: counts.map((count): Ratio => {
        const work = workOf(count);
        const of = (name: string) => rowOf(rows, name, work);
        return rate(`CONNECTIONS ${work}: host / oidc-provider on PostgreSQL`, of(names.host), of(names.postgres));
      }),
      notes: ['With one connection every token is a statement of its own: there is nothing to batch.'],
      violations: [],
    };
  },
};

function workOf(count: number): string {
  return `client_credentials, ${count} ${count === 1 ? 'connection' : 'connections'}`;
}

function contenderOf(server: AuthorizationServer, count: number): Contender {
  const bodies = ['grant_type=client_credentials&scope=bench'];
  const plain = formContender(server, workOf(count), { url: server.tokenUrl, authorization: benchBasic, bodies });
  return { ...plain, connections: count };
}
