import { readFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '../machine/ports.js';
import { run, type Running, start } from '../machine/program.js';
import { makeTemporaryFolder } from '../machine/temporary-folder.js';
import { benchClient, jwtClient } from './bench-client.js';
import { AnswerError, ask, untilAnswers } from './http.js';

const CLI = 'apps/cli/bin/castellan.js';
const rootCredentials = { id: 'admin', secret: 'root-secret-of-32-characters-000' };

/** The two ways to run the product. */
export type Mode = 'host' | 'services';

/** Whose certificates there are. */
export type CertificateName = 'admin' | 'token' | 'client' | 'warden';

/** A running product. */
export type Product = {
  readonly mode: Mode;
  readonly publicUrl: string;
  /** The same as the public one in `host` mode. */
  readonly adminUrl: string;
  readonly databaseUrl: string;
  /** Its processes by name. */
  readonly processes: readonly { readonly name: string; readonly pid: number; readonly readyMs: number }[];
  readonly pids: readonly number[];
  /** What its processes wrote. */
  output(): string;
  /** Where its gRPC ports are. */
  readonly targets: { readonly warden: string; readonly keys: string };
  /** The certificate of a service or, with `client`, of a program of somebody else, as PEM texts. */
  certificate(name: CertificateName): { readonly ca: string; readonly cert: string; readonly key: string };
  /** Variables that name the files of the Warden's certificate. */
  readonly certificatePaths: Readonly<Record<string, string>>;
  /** An access token of the root client, as Authorization header. */
  rootAuthorization(): Promise<string>;
  stop(): Promise<void>;
};

/** What to start. */
export type ProductOptions = {
  readonly mode: Mode;
  readonly databaseUrl: string;
  readonly redisUrl?: string | undefined;
  readonly cores?: string | undefined;
  /** Issuer where it is another replica's; its own public URL otherwise. */
  readonly issuer?: string;
  /** Folder with the files of the images (`production-files.ts`) to start instead of the workspace's. */
  readonly images?: string;
  /** Further variables of every process. */
  readonly env?: Readonly<Record<string, string>>;
};

type Service = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly readyUrl: string;
  readonly env: Readonly<Record<string, string>>;
};

/** Migrates the database, starts the product on it and waits until it is ready and knows the benchmark's client. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const folder = makeTemporaryFolder();
  const home = folder.path;
  const certificates = path.join(home, 'certs');
  await run(CLI, { args: ['certs', 'dev', certificates], env: { HOME: home } });
  await run(CLI, { args: ['migrate', 'sql', options.databaseUrl], env: { HOME: home } });
  const ports = await freePorts(10);
  const services = options.mode === 'host' ? hostOf(options, ports, home) : await servicesOf(options, ports, home);
  const started: (Running & { readonly name: string; readonly readyMs: number })[] = [];
  const output = (): string => started.map((one) => `${one.name}: ${one.output().slice(-2000)}`).join('\n');
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
    folder.remove();
  };
  const [gateway, admin, , warden, keys] = ports;
  const publicUrl = `http://localhost:${gateway}`;
  const read = (name: string): string => readFileSync(path.join(certificates, `${name}.pem`), 'utf8');
  try {
    for (const { name, file, args, env, readyUrl } of services) {
      const running = start(options.images === undefined ? file : fileInImage(options.images, file), {
        args,
        env: { ...env, ...options.env },
        cores: options.cores,
      });
      const index = started.push({ ...running, name, readyMs: 0 }) - 1;
      const readyMs = await untilAnswers(readyUrl, running.output, running.hasEnded);
      started[index] = { ...running, name, readyMs };
    }
    const product: Product = {
      mode: options.mode,
      publicUrl,
      adminUrl: options.mode === 'host' ? publicUrl : `http://localhost:${admin}`,
      databaseUrl: options.databaseUrl,
      processes: started.map(({ name, pid, readyMs }) => ({ name, pid, readyMs })),
      pids: started.map(({ pid }) => pid),
      output,
      targets: { warden: `localhost:${warden}`, keys: `localhost:${keys}` },
      certificate: (name) => ({ ca: read('ca'), cert: read(name), key: read(`${name}-key`) }),
      certificatePaths: grpcTls(home, 'warden'),
      rootAuthorization: () => rootAuthorization(publicUrl),
      stop,
    };
    await makeClients(product);
    return product;
  } catch (cause) {
    const words = output();
    await stop();
    throw new Error(`the product (${options.mode}) did not start: ${String(cause)}\n${words}`, { cause });
  }
}

/** The place in its image of what starts a program of the workspace. */
function fileInImage(images: string, file: string): string {
  const [, app = ''] = file.split('/');
  return path.join(images, app, file.replace('/dist/', '/bundle/'));
}

function environment(issuer: string, home: string): Record<string, string> {
  return {
    HOME: home,
    ISSUER: issuer,
    CONSENT_URL: 'http://localhost:9020/consent',
    DANGEROUS_FORCE_HTTP: '1',
    // Callers that wait for each answer are no overload, and a refusal would be a failure of theirs.
    ADMISSION_MIN_IN_FLIGHT: '1000',
    FORCE_ROOT_CLIENT_CREDENTIALS: `${rootCredentials.id}:${rootCredentials.secret}`,
    WARDEN_CALLERS: 'spiffe://castellan/client',
    // The peers write no line per request and sign with 2048 bits; the same here, else unlike is compared.
    LOG_REQUESTS: '0',
    RSA_KEY_BITS: '2048',
  };
}

function grpcTls(home: string, name: string): Record<string, string> {
  const file = (suffix: string): string => path.join(home, 'certs', suffix);
  return {
    GRPC_TLS_CA_PATH: file('ca.pem'),
    GRPC_TLS_CERT_PATH: file(`${name}.pem`),
    GRPC_TLS_KEY_PATH: file(`${name}-key.pem`),
  };
}

const systemSecret = 'bench-system-secret-of-more-than-32-characters';

function hostOf(options: ProductOptions, ports: readonly number[], home: string): Service[] {
  const [gateway, , , warden] = ports;
  return [
    {
      name: 'host',
      file: CLI,
      args: ['host', '--dangerous-force-http'],
      readyUrl: `http://localhost:${gateway}/health/ready`,
      env: {
        ...environment(options.issuer ?? `http://localhost:${gateway}`, home),
        ...grpcTls(home, 'warden'),
        DATABASE_URL: options.databaseUrl,
        SYSTEM_SECRET: systemSecret,
        PORT: String(gateway),
        GRPC_PORT: String(warden),
      },
    },
  ];
}

/** In the order in which they need each other. */
async function servicesOf(options: ProductOptions, ports: readonly number[], home: string): Promise<Service[]> {
  const [gateway, admin, token, warden, keys, ...operations] = ports;
  const derived = async (service: string): Promise<string> => {
    const env = { HOME: home, SYSTEM_SECRET: systemSecret };
    return (await run(CLI, { args: ['secrets', 'derive', service], env })).stdout.trim();
  };
  const grpcPorts: Readonly<Record<string, number | undefined>> = { token, warden, keys };
  const { FORCE_ROOT_CLIENT_CREDENTIALS: root = '', ...common } = environment(
    options.issuer ?? `http://localhost:${gateway}`,
    home,
  );
  const targets = {
    TOKEN_GRPC: `localhost:${token}`,
    WARDEN_GRPC: `localhost:${warden}`,
    KEYS_GRPC: `localhost:${keys}`,
  };
  const database = { DATABASE_URL: options.databaseUrl };
  const redis: Record<string, string> = options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl };
  const [tokenSecret, wardenSecret] = await Promise.all([derived('token'), derived('warden')]);
  const own: readonly (readonly [string, Record<string, string>])[] = [
    ['keys', { ...database, SYSTEM_SECRET: systemSecret }],
    ['token', { ...database, TOKEN_SECRET: tokenSecret }],
    ['warden', { ...database, ...redis, WARDEN_SECRET: wardenSecret }],
    ['gateway', { PORT: String(gateway) }],
    ['admin', { ADMIN_PORT: String(admin), FORCE_ROOT_CLIENT_CREDENTIALS: root }],
  ];
  return own.map(([name, env], index) => ({
    name,
    file: `apps/${name}/dist/main.js`,
    args: [],
    readyUrl: `http://localhost:${operations[index]}/health/alive`,
    env: {
      ...common,
      ...targets,
      ...grpcTls(home, name),
      GRPC_PORT: String(grpcPorts[name] ?? 0),
      OPS_PORT: String(operations[index]),
      ...env,
    },
  }));
}

async function makeClients(product: Product): Promise<void> {
  await untilAnswers(`${product.publicUrl}/health/ready`, () => '');
  await untilAnswers(`${product.adminUrl}/health/ready`, () => '');
  const authorization = await product.rootAuthorization();
  for (const { id, secret, accessTokenFormat } of [benchClient, jwtClient])
    await ask(`${product.adminUrl}/clients`, {
      authorization,
      json: {
        client_id: id,
        id,
        client_secret: secret,
        client_name: 'benchmark',
        redirect_uris: [benchClient.redirectUri],
        grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
        response_types: ['code'],
        scope: benchClient.scope,
        access_token_format: accessTokenFormat,
      },
    }).catch((cause: unknown) => {
      // A product that is started again on its database has it already.
      if (!(cause instanceof AnswerError) || cause.status !== 409) throw cause;
    });
}

async function rootAuthorization(publicUrl: string): Promise<string> {
  for (const deadline = performance.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const { id, secret } = rootCredentials;
    const answer = await ask(`${publicUrl}/oauth2/token`, {
      form: { grant_type: 'client_credentials', scope: 'hydra' },
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    }).catch((cause: unknown) => (performance.now() > deadline ? Promise.reject(cause) : undefined));
    if (answer !== undefined) return `Bearer ${(answer as { access_token: string }).access_token}`;
  }
}
