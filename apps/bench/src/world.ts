import type { Pinning } from './machine/pinning.js';
import type { Effort } from './scenario.js';
import { type Cluster, startCluster } from './servers/cluster.js';
import type { Floor } from './servers/floor.js';
import { type OidcProvider, seedOidcProvider, startOidcProvider } from './servers/oidc-provider.js';
import { type Mode, type Product, startProduct } from './servers/product.js';
import { type RedisServer, startRedis } from './servers/redis.js';

/** How a peer keeps its objects. */
export type PeerStore = 'postgres' | 'memory';

type Stoppable = { stop(): Promise<void> };

/** What a run has started. Servers start when a scenario first needs them, and serve the later ones too. */
export class World {
  private readonly started = new Map<string, Promise<unknown>>();
  private readonly stops: (() => Promise<void>)[] = [];
  private isClosed = false;
  // On a machine that never gets calm a run must end all the same.
  private repeats = 40;

  constructor(
    readonly effort: Effort,
    readonly pinning: Pinning | undefined,
    readonly say: (line: string) => void,
    /** Sizes that the command line asks for. */
    readonly sizes?: readonly number[],
  ) {}

  /** Whether one more disturbed round may be repeated; counts. */
  mayRepeat(): boolean {
    return !this.effort.quick && this.repeats-- > 0;
  }

  cluster(): Promise<Cluster> {
    return this.once('PostgreSQL', startCluster);
  }

  /** A Redis, where there is one on this machine. */
  redis(): Promise<RedisServer | undefined> {
    return this.once('Redis', startRedis);
  }

  product(mode: Mode): Promise<Product> {
    return this.once(`castellan (${mode})`, () => this.startProduct(mode, `castellan_${mode}`));
  }

  /** A second replica beside the product in a mode: the same issuer, secrets and database. */
  replica(mode: Mode): Promise<Product> {
    return this.once(`castellan (${mode}), second replica`, async () => {
      const { publicUrl, databaseUrl } = await this.product(mode);
      const redis = mode === 'services' ? await this.redis() : undefined;
      const cores = this.pinning?.server;
      return startProduct({ mode, databaseUrl, redisUrl: redis?.url, cores, issuer: publicUrl });
    });
  }

  /** The product in a mode with further variables; started once for each name. */
  variant(name: string, mode: Mode, env: Readonly<Record<string, string>>): Promise<Product> {
    return this.once(`castellan (${mode}), ${name}`, () => this.startProduct(mode, `variant_${name}`, env));
  }

  /** Starts a product of a scenario's own; the scenario stops it. */
  async startProduct(mode: Mode, database: string, env: Readonly<Record<string, string>> = {}): Promise<Product> {
    const cluster = await this.cluster();
    const redis = mode === 'services' ? await this.redis() : undefined;
    const databaseUrl = await cluster.makeDatabase(database);
    return startProduct({ mode, databaseUrl, redisUrl: redis?.url, cores: this.pinning?.server, env });
  }

  oidcProvider(store: PeerStore): Promise<OidcProvider> {
    return this.once(`oidc-provider (${store})`, async () => {
      const cores = this.pinning?.server;
      if (store === 'memory') return startOidcProvider(undefined, cores);
      const databaseUrl = await (await this.cluster()).makeDatabase('oidc_provider');
      await seedOidcProvider(databaseUrl, this.effort.quick ? 20_000 : 200_000);
      return startOidcProvider(databaseUrl, cores);
    });
  }

  /** A floor by name; it is started once. */
  floor(name: string, begin: () => Promise<Floor>): Promise<Floor> {
    return this.once(`floor (${name})`, begin);
  }

  /** Keeps something that has to be stopped at the end. */
  keep<Server extends Stoppable>(server: Server): Server {
    this.stops.push(() => server.stop());
    return server;
  }

  /** Stops everything, the last first. Harmless when repeated. */
  async close(): Promise<void> {
    this.isClosed = true;
    // What is still starting stops itself as soon as it can.
    await Promise.allSettled(this.started.values());
    for (const stop of this.stops.splice(0).reverse()) await stop().catch((cause) => this.say(String(cause)));
  }

  private once<Server extends Stoppable | undefined>(name: string, begin: () => Promise<Server>): Promise<Server> {
    const known = this.started.get(name) as Promise<Server> | undefined;
    if (known !== undefined) return known;
    this.say(`starting ${name}`);
    const starting = begin().then(async (server) => {
      if (server === undefined) return server;
      // Closed while it was starting: nobody would stop it any more.
      if (this.isClosed) await server.stop();
      else this.stops.push(() => server.stop());
      return server;
    });
    this.started.set(name, starting);
    return starting;
  }
}

/** Stops what was started when somebody ends the run. */
export function closeOnSignals(world: World, say: (line: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      say(`${signal}: stopping what was started`);
      void world.close().finally(() => process.exit(130));
    });
}
