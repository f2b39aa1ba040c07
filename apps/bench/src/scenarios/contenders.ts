import type { Contender } from '../compare.js';
import type { Ratio, Row } from '../scenario.js';
import type { Mode, Product } from '../servers/product.js';
import type { PeerStore, World } from '../world.js';

/** Names under which contenders appear in every table. */
export const names = {
  host: 'castellan host',
  services: 'castellan, separate services',
  postgres: 'oidc-provider, PostgreSQL',
  memory: 'oidc-provider, memory',
} as const;

/** Endpoints of an authorization server, ours or the peer's. */
export type AuthorizationServer = {
  readonly name: string;
  readonly pids: readonly number[];
  /** What its processes wrote. */
  output(): string;
  readonly tokenUrl: string;
  readonly introspectionUrl: string;
  readonly revocationUrl: string;
  readonly authorizationUrl: string;
  /** Ours; absent for the peer, which consents by itself. */
  readonly product?: Product;
};

/** The product in a mode, as an authorization server. */
export async function productServer(world: World, mode: Mode): Promise<AuthorizationServer> {
  const product = await world.product(mode);
  return {
    name: names[mode],
    pids: product.pids,
    output: product.output,
    tokenUrl: `${product.publicUrl}/oauth2/token`,
    introspectionUrl: `${product.publicUrl}/oauth2/introspect`,
    revocationUrl: `${product.publicUrl}/oauth2/revoke`,
    authorizationUrl: `${product.publicUrl}/oauth2/auth`,
    product,
  };
}

/** The peer with a store, as an authorization server. */
export async function peerServer(world: World, store: PeerStore): Promise<AuthorizationServer> {
  const { url, pid, output } = await world.oidcProvider(store);
  return {
    name: names[store],
    pids: [pid],
    output,
    tokenUrl: `${url}/token`,
    introspectionUrl: `${url}/token/introspection`,
    revocationUrl: `${url}/token/revocation`,
    authorizationUrl: `${url}/auth`,
  };
}

/** All four: both ways to run the product, both stores of the peer. */
export async function authorizationServers(world: World): Promise<AuthorizationServer[]> {
  return [
    await productServer(world, 'host'),
    await productServer(world, 'services'),
    await peerServer(world, 'postgres'),
    await peerServer(world, 'memory'),
  ];
}

/** A form sent to an endpoint over and over, with the bodies in turn. */
export function formContender(
  server: Pick<AuthorizationServer, 'name' | 'pids' | 'output'>,
  work: string,
  endpoint: { readonly url: string; readonly authorization: string; readonly bodies: readonly string[] },
): Contender {
  const headers = { Authorization: endpoint.authorization, 'Content-Type': 'application/x-www-form-urlencoded' };
  const { url, bodies } = endpoint;
  const plan = { kind: 'requests', url, method: 'POST', headers, bodies } as const;
  return { name: server.name, work, pids: server.pids, output: server.output, plan: () => plan };
}

/** What the product is held against, and by how much it should win. */
export type Goal = {
  readonly id: string;
  readonly work: string;
  /** Absent: measured, but nothing is promised. */
  readonly host?: number | undefined;
  readonly services?: number | undefined;
  /** Bound of the host's p99 against the peer's. */
  readonly p99?: number;
};

/** The ratios of a comparison with the peer on PostgreSQL, and of separate services with one process. */
export function ratiosAgainstPeer(rows: readonly Row[], goal: Goal): Ratio[] {
  const of = (contender: string): Row | undefined =>
    rows.find((row) => row.contender === contender && row.work === goal.work);
  const [host, services, peer] = [of(names.host), of(names.services), of(names.postgres)];
  const name = (what: string): string => `${goal.id} ${goal.work}: ${what}`;
  return [
    rate(name('host / oidc-provider on PostgreSQL'), host, peer, goal.host),
    rate(name('services / oidc-provider on PostgreSQL'), services, peer, goal.services),
    rate(name('services / host'), services, host, 0.5),
    ...(goal.p99 === undefined
      ? []
      : [
          {
            name: name('p99 of host / p99 of oidc-provider on PostgreSQL'),
            value: (host?.p99Ms ?? NaN) / (peer?.p99Ms ?? NaN),
            unit: 'x' as const,
            target: { atMost: goal.p99 },
          },
        ]),
    {
      name: name('CPU of server and database, oidc-provider on PostgreSQL / host'),
      value: cpu(peer) / cpu(host),
      unit: 'x',
    },
  ];
}

/** How many times the requests per second of another row. */
export function rate(name: string, row: Row | undefined, other: Row | undefined, atLeast?: number): Ratio {
  const value = (row?.perSecond ?? NaN) / (other?.perSecond ?? NaN);
  return { name, value, unit: 'x', ...(atLeast === undefined ? {} : { target: { atLeast } }) };
}

function cpu(row: Row | undefined): number {
  return (row?.serverUs ?? NaN) + (row?.databaseUs ?? NaN);
}

/** The row of a contender at a work. */
export function rowOf(rows: readonly Row[], contender: string, work: string): Row | undefined {
  return rows.find((row) => row.contender === contender && row.work === work);
}
