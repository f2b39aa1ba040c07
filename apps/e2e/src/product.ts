import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { testServerUrl } from '@castellan/postgres/testing';
import { send } from './http.js';
import { freePorts } from './ports.js';
import { type Ended, run, type Running, start } from './program.js';
import { type HeldReplica, LISTENING, type Replica, START_MS, startReplica } from './replica.js';
import { type RoundRobinProxy, startRoundRobinProxy } from './round-robin-proxy.js';

/** The two ways to run the product, and the second one with two replicas of every service behind a balancer. */
export type Mode = 'host' | 'services' | 'replicas';
export const modes: readonly Mode[] = ['host', 'services'];
/** Processes of each way. */
export const processes: Readonly<Record<Mode, number>> = { host: 1, services: 5, replicas: 10 };

export const CLI = 'apps/cli/bin/castellan.js';
/** The tutorial's own values (S12, S23). */
export const SYSTEM_SECRET = 'this_needs_to_be_the_same_always_and_also_very_cuR3-._';
export const ROOT = ['admin', 'demo-password'] as const;

/** A database of its own for one product. */
export type ProductDatabase = {
  readonly url: string;
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>;
  drop(): Promise<void>;
};

/** Makes an empty database on the test run's PostgreSQL. */
export async function makeDatabase(): Promise<ProductDatabase> {
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await withClient(testServerUrl('postgres'), (client) => client.query(`CREATE DATABASE ${name}`));
  const url = testServerUrl(name);
  return {
    url,
    query: (sql, values) => withClient(url, (client) => client.query(sql, values)),
    drop: async () => {
      await withClient(testServerUrl('postgres'), (client) =>
        client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      );
    },
  };
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Runs `castellan migrate sql`. */
export function migrateSql(url: string): Promise<Ended> {
  return run(CLI, ['migrate', 'sql', url], { env: { HOME: '/nonexistent' }, timeoutMs: 60_000 });
}

/** Where a product listens. The public origin comes first in everything: it is the issuer's. */
export type Places = {
  readonly gateway: number;
  readonly admin: number;
  readonly token: number;
  readonly warden: number;
  readonly keys: number;
  readonly operations: readonly number[];
};

/** A service of the product that can have replicas. */
export type ServiceName = keyof Omit<Places, 'operations'>;
export const serviceNames: readonly ServiceName[] = ['keys', 'warden', 'token', 'gateway', 'admin'];

/** A running product. */
export type Product = {
  readonly mode: Mode;
  readonly issuer: string;
  /** Origin of the public endpoints; its host may differ from the issuer's. */
  readonly publicUrl: string;
  /** Origin of the admin API: the same in `host` mode. */
  readonly adminUrl: string;
  readonly databaseUrl: string;
  readonly wardenTarget: string;
  /** Folder of the development certificates: ca.pem, client.pem, client-key.pem. */
  readonly certificates: string;
  /** The processes of its services, two of each in the mode `replicas`; empty for `host`. */
  readonly replicas: readonly Replica[];
  /** Everything that its processes wrote. */
  log(): string;
  /** Sends a signal to every process and answers their exit codes. */
  stop(signal?: NodeJS.Signals): Promise<(number | null)[]>;
};

/** What to start. */
export type ProductOptions = {
  readonly mode: Mode;
  readonly databaseUrl: string;
  readonly consentUrl?: string;
  readonly issuer?: string;
  readonly systemSecret?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts the product on free ports and waits until it is ready. Throws with the output when it does not start. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const [gateway = 0, admin = 0, token = 0, warden = 0, keys = 0, ...operations] = await freePorts(10);
  const places: Places = { gateway, admin, token, warden, keys, operations };
  const folder = mkdtempSync(path.join(tmpdir(), 'castellan-e2e-'));
  const certificates = path.join(folder, 'certs');
  const made = await run(CLI, ['certs', 'dev', certificates], { env: { HOME: folder } });
  if (made.code !== 0) throw new Error(`certs dev failed: ${made.stderr}${made.stdout}`);
  // S24: a trailing slash is taken and removed.
  const issuer = options.issuer ?? `https://localhost:${gateway}/`;
  const started = await startPrograms(options, places, issuer, folder);
  const product: Product = {
    mode: options.mode,
    issuer: issuer.replace(/\/$/, ''),
    publicUrl: `https://localhost:${gateway}`,
    adminUrl: options.mode === 'host' ? `https://localhost:${gateway}` : `https://localhost:${admin}`,
    databaseUrl: options.databaseUrl,
    wardenTarget: `localhost:${warden}`,
    certificates,
    replicas: started.replicas,
    log: () => started.output(),
    async stop(signal) {
      const codes = await started.stop(signal);
      rmSync(folder, { recursive: true, force: true });
      return codes;
    },
  };
  try {
    await started.listening();
    await untilReady(product);
    return product;
  } catch (cause) {
    await product.stop('SIGKILL');
    throw cause;
  }
}

/** The processes of a product. */
type Programs = {
  readonly replicas: readonly Replica[];
  output(): string;
  listening(): Promise<unknown>;
  stop(signal?: NodeJS.Signals): Promise<(number | null)[]>;
};

async function startPrograms(
  options: ProductOptions,
  places: Places,
  issuer: string,
  folder: string,
): Promise<Programs> {
  if (options.mode === 'host') return startSingle(startHost(options, places, issuer, folder));
  const starters = await serviceStarters(options, places, issuer, folder);
  if (options.mode === 'replicas') return startReplicas(starters, places);
  const replicas = starters.map(({ service, start: begin }, index) => {
    const operations = places.operations[index] ?? 0;
    return startReplica(service, operations, () => begin(places[service], operations));
  });
  return programsOf(replicas, (replica) => replica.listening());
}

function startSingle(program: Running): Programs {
  return {
    replicas: [],
    output: () => program.output(),
    listening: () => program.until(LISTENING, START_MS),
    stop: async (signal) => [await program.stop(signal)],
  };
}

function programsOf(replicas: readonly HeldReplica[], listening: (replica: HeldReplica) => Promise<unknown>): Programs {
  return {
    replicas,
    output: () => replicas.map((replica) => replica.output()).join('\n'),
    listening: () => Promise.all(replicas.map(listening)),
    stop: (signal = 'SIGTERM') => Promise.all(replicas.map((replica) => replica.stop(signal))),
  };
}

/** Two processes of every service; at the place of the service a balancer gives connections to them in turn. */
async function startReplicas(starters: readonly Starter[], places: Places): Promise<Programs> {
  const ports = await freePorts(4 * starters.length);
  const proxies: RoundRobinProxy[] = [];
  const replicas: HeldReplica[] = [];
  for (const { service, start: begin } of starters) {
    // As any balancer it gives nothing to a replica before that is ready, and learns of its end by trying.
    const ready = new Set<number>();
    for (let count = 0; count < 2; count++) {
      const [port = 0, operations = 0] = ports.splice(0, 2);
      const events = { onReady: () => void ready.add(port), onRestart: () => void ready.delete(port) };
      replicas.push(startReplica(service, operations, () => begin(port, operations), events));
    }
    proxies.push(await startRoundRobinProxy(places[service], () => [...ready]));
  }
  const programs = programsOf(replicas, (replica) => replica.settle());
  return {
    ...programs,
    async stop(signal) {
      const codes = await programs.stop(signal);
      await Promise.all(proxies.map((proxy) => proxy.close()));
      return codes;
    },
  };
}

function environment(options: ProductOptions, issuer: string, folder: string): Record<string, string> {
  return {
    HOME: folder,
    ISSUER: issuer,
    CONSENT_URL: options.consentUrl ?? 'http://localhost:9020/consent',
    FORCE_ROOT_CLIENT_CREDENTIALS: ROOT.join(':'),
    WARDEN_CALLERS: 'spiffe://castellan/client',
    // Races send 64 requests at once, on machines that are busy with other tests.
    ADMISSION_MIN_IN_FLIGHT: '100',
    ...options.env,
  };
}

function grpcTls(certificates: string, name: string): Record<string, string> {
  return {
    GRPC_TLS_CA_PATH: path.join(certificates, 'ca.pem'),
    GRPC_TLS_CERT_PATH: path.join(certificates, `${name}.pem`),
    GRPC_TLS_KEY_PATH: path.join(certificates, `${name}-key.pem`),
  };
}

function startHost(options: ProductOptions, places: Places, issuer: string, folder: string): Running {
  return start(CLI, ['host'], {
    ...environment(options, issuer, folder),
    ...grpcTls(path.join(folder, 'certs'), 'warden'),
    DATABASE_URL: options.databaseUrl,
    SYSTEM_SECRET: options.systemSecret ?? SYSTEM_SECRET,
    PORT: String(places.gateway),
    GRPC_PORT: String(places.warden),
  });
}

/** How to start a process of a service that listens at `port`, with its operations at another. */
type Starter = { readonly service: ServiceName; start(port: number, operations: number): Running };

async function serviceStarters(
  options: ProductOptions,
  places: Places,
  issuer: string,
  folder: string,
): Promise<Starter[]> {
  const certificates = path.join(folder, 'certs');
  const root = options.systemSecret ?? SYSTEM_SECRET;
  const derived = async (service: string): Promise<string> => {
    const ended = await run(CLI, ['secrets', 'derive', service], { env: { HOME: folder, SYSTEM_SECRET: root } });
    if (ended.code !== 0) throw new Error(`secrets derive failed: ${ended.stderr}`);
    return ended.stdout.trim();
  };
  const [tokenSecret, wardenSecret] = await Promise.all([derived('token'), derived('warden')]);
  const targets = {
    TOKEN_GRPC: `localhost:${places.token}`,
    WARDEN_GRPC: `localhost:${places.warden}`,
    KEYS_GRPC: `localhost:${places.keys}`,
  };
  const base: Record<string, string> = { ...environment(options, issuer, folder), ...targets };
  const { FORCE_ROOT_CLIENT_CREDENTIALS: root_, ...common } = base;
  const https = {
    HTTPS_TLS_CERT_PATH: path.join(certificates, 'https.pem'),
    HTTPS_TLS_KEY_PATH: path.join(certificates, 'https-key.pem'),
  };
  const redis = process.env['CASTELLAN_TEST_REDIS'];
  const database = { DATABASE_URL: options.databaseUrl };
  const own: Readonly<Record<ServiceName, Record<string, string>>> = {
    keys: { ...database, SYSTEM_SECRET: root },
    warden: { ...database, WARDEN_SECRET: wardenSecret, ...(redis === undefined ? {} : { REDIS_URL: redis }) },
    token: { ...database, TOKEN_SECRET: tokenSecret },
    gateway: https,
    admin: { ...https, FORCE_ROOT_CLIENT_CREDENTIALS: root_ ?? '' },
  };
  const portVariable: Readonly<Partial<Record<ServiceName, string>>> = { gateway: 'PORT', admin: 'ADMIN_PORT' };
  return serviceNames.map((service) => ({
    service,
    start: (port, operations) =>
      start(`apps/${service}/dist/main.js`, [], {
        ...common,
        ...grpcTls(certificates, service),
        ...own[service],
        OPS_PORT: String(operations),
        [portVariable[service] ?? 'GRPC_PORT']: String(port),
      }),
  }));
}

/** Ready means: both doors say so, and the root client can get a token. */
async function untilReady(product: Product): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const doors = [product.publicUrl, product.adminUrl].map((url) => send(`${url}/health/ready`));
    const answers = await Promise.all(doors).catch(() => []);
    const open = answers.length === 2 && answers.every((answer) => answer.status === 200);
    if (open && (await rootToken(product).catch(() => undefined)) !== undefined) return;
    if (Date.now() > deadline) throw new Error(`the product does not get ready:\n${product.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** An access token of the root client for the admin API. */
export async function rootToken(product: Product, scope = 'hydra'): Promise<string> {
  const answer = await send(`${product.publicUrl}/oauth2/token`, {
    form: { grant_type: 'client_credentials', scope },
    basic: ROOT,
  });
  if (answer.status !== 200) throw new Error(`no token for the root client: ${answer.status} ${answer.text}`);
  return (JSON.parse(answer.text) as { access_token: string }).access_token;
}

/** A command line with a home of its own. */
export type CommandLine = {
  readonly home: string;
  run(args: readonly string[], stdin?: string): Promise<Ended>;
  start(args: readonly string[]): Running;
  remove(): void;
};

/** Makes a command line that is connected to nothing yet. */
export function commandLine(): CommandLine {
  const home = mkdtempSync(path.join(tmpdir(), 'castellan-home-'));
  return {
    home,
    run: (args, stdin) => run(CLI, args, { env: { HOME: home }, ...(stdin !== undefined ? { stdin } : {}) }),
    start: (args) => start(CLI, args, { HOME: home }),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** A command line that is connected as the root client. */
export async function connectedCommandLine(product: Product): Promise<CommandLine> {
  const line = commandLine();
  const ended = await line.run(
    ['connect', '--admin-url', product.adminUrl],
    `${product.publicUrl}\n${ROOT[0]}\n${ROOT[1]}\n`,
  );
  if (ended.code !== 0) throw new Error(`connect failed: ${ended.stderr}${ended.stdout}`);
  return line;
}

/** The client certificate of the peer `client`, for the Warden's gRPC door. */
export function clientCertificate(product: Product): { ca: Buffer; cert: Buffer; key: Buffer } {
  const read = (name: string): Buffer => readFileSync(path.join(product.certificates, name));
  return { ca: read('ca.pem'), cert: read('client.pem'), key: read('client-key.pem') };
}
