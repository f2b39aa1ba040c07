import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, testServerUrl, type TestDatabase } from '@castellan/postgres/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writeDevelopmentCertificates } from '../certificates/development-certificates.js';
import { createHttpClient } from '../http-client.js';
import { spawnCastellan, type Child } from '../testing/child-process.js';
import { freePort } from '../tour/stage.js';

let database: TestDatabase;
const home = mkdtempSync(join(tmpdir(), 'castellan-host-'));
const children: Child[] = [];

beforeAll(async () => {
  database = await createTestDatabase('keys');
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
});
afterAll(() => database.drop());

const secret = 'this_needs_to_be_the_same_always_and_also_very_$3cuR3-._';

async function host(env: NodeJS.ProcessEnv = {}, ...flags: string[]): Promise<Child & { port: number }> {
  const port = await freePort();
  const child = spawnCastellan(['host', ...flags], {
    HOME: home,
    PORT: String(port),
    DATABASE_URL: database.url,
    SYSTEM_SECRET: secret,
    FORCE_ROOT_CLIENT_CREDENTIALS: 'admin:demo-password',
    // Keys of this size take no time to make.
    RSA_KEY_BITS: '2048',
    ...env,
  });
  children.push(child);
  return { ...child, port };
}

function fingerprint(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: 'localhost', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

const send = createHttpClient({ skipTlsVerify: true });

describe('host', () => {
  it('logs its way up, serves on one origin, and exits 0 on SIGTERM and SIGINT with the same certificate', async () => {
    const first = await host({ BCRYPT_COST: '12', PROFILING: 'cpu' }, '--disable-telemetry');
    await first.until(/Setting up http server on :\d+/);
    const messages = [...first.stderr().matchAll(/msg="((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '');
    const order = [
      /^Connecting with postgres:/,
      /^Connected to SQL!$/,
      /^Key pair for signing hydra\.openid\.id-token is missing\. Creating new one\.$/,
      /^No clients were found\. Creating a temporary root client\.\.\.$/,
      /^Temporary root client created\.$/,
      /^No TLS Key \/ Certificate for HTTPS found\. Generating self-signed certificate\.$/,
      new RegExp(`^Setting up http server on :${first.port}$`),
    ].map((pattern) => messages.findIndex((message) => pattern.test(message)));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(first.stderr()).toMatch(/BCRYPT_COST has no effect/);
    expect(first.stderr()).toMatch(/PROFILING has no effect/);
    expect(first.stdout()).toBe('');
    const origin = `https://localhost:${first.port}`;
    expect(await send({ method: 'GET', url: `${origin}/health` })).toMatchObject({ status: 200, body: 'ok' });
    const discovery = await send({ method: 'GET', url: `${origin}/.well-known/openid-configuration` });
    expect(JSON.parse(discovery.body)).toMatchObject({ issuer: origin });
    const presented = await fingerprint(first.port);
    first.kill('SIGTERM');
    expect((await first.exited).exitCode).toBe(0);

    const second = await host({ ISSUER: origin });
    await second.until(/Setting up http server/);
    expect(await fingerprint(second.port)).toBe(presented);
    expect(second.stderr()).not.toMatch(/root client|self-signed/);
    second.kill('SIGINT');
    expect((await second.exited).exitCode).toBe(0);
    expect(first.stderr() + second.stderr()).not.toMatch(/demo-password|always_and_also/);
  });

  it('refuses a database of another system secret', async () => {
    const running = await host();
    await running.until(/Setting up http server/);
    running.kill('SIGTERM');
    await running.exited;
    const { exitCode, stderr } = await (await host({ SYSTEM_SECRET: 'another secret of sufficient length' })).exited;
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/another SYSTEM_SECRET/);
  });

  it('names the command for a database that is not migrated, after checking the configuration', async () => {
    const name = `host_${Date.now().toString(36)}`;
    await database.database.pool.query(`CREATE DATABASE ${name}`);
    const url = testServerUrl(name);
    const wrong = await (await host({ DATABASE_URL: url, ISSUER: 'http://localhost' })).exited;
    expect(wrong.stderr).toMatch(/^Configuration error: Issuer must use HTTPS unless --dangerous-force-http is passed/);
    const unmigrated = await (await host({ DATABASE_URL: url })).exited;
    expect(unmigrated.exitCode).toBe(1);
    expect(unmigrated.stderr).toContain('castellan migrate sql');
    await database.database.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });

  it('takes its certificate from the two flags together', async () => {
    const folder = join(home, 'certs');
    await writeDevelopmentCertificates(folder, []);
    const flags = [
      '--https-tls-cert-path',
      join(folder, 'https.pem'),
      '--https-tls-key-path',
      join(folder, 'https-key.pem'),
    ];
    const running = await host({}, ...flags);
    await running.until(/Setting up http server/);
    expect(running.stderr()).toContain('Loaded tls certificate from file');
    const trusting = createHttpClient({ caPem: readFileSync(join(folder, 'ca.pem'), 'utf8') });
    expect((await trusting({ method: 'GET', url: `https://localhost:${running.port}/health` })).status).toBe(200);
  });

  it('serves plain HTTP and logs on where it is told to', async () => {
    const config = join(home, 'auto.yml');
    const running = await host({}, '--dangerous-force-http', '--dangerous-auto-logon', '--config', config);
    await running.until(/Writing the root credentials/);
    await running.until(/Setting up http server/);
    expect(running.stderr()).toContain('HTTPS disabled. Never do this in production.');
    const token = await spawnCastellan(['token', 'client', '--config', config], { HOME: home }).exited;
    expect(token).toMatchObject({ exitCode: 0, stderr: '' });
    expect(token.stdout).toMatch(/^\S+\.\S+\n$/);
    expect(statSync(config).mode & 0o777).toBe(0o600);
  });

  it('prints generated root credentials once, to the terminal and not to the log', async () => {
    const fresh = await createTestDatabase('keys');
    const running = await host({ DATABASE_URL: fresh.url, FORCE_ROOT_CLIENT_CREDENTIALS: '' });
    await running.until(/Setting up http server/);
    const [, id = '', generated = ''] = /^client_id: (\S+)\nclient_secret: (\S+)\n$/.exec(running.stdout()) ?? [];
    expect(generated.length).toBeGreaterThan(30);
    expect(running.stderr()).not.toContain(generated);
    const token = await spawnCastellan(['token', 'client', '--skip-tls-verify'], {
      HOME: home,
      CLUSTER_URL: `https://localhost:${running.port}`,
      CLIENT_ID: id,
      CLIENT_SECRET: generated,
    }).exited;
    expect(token.exitCode).toBe(0);
    running.kill('SIGTERM');
    await running.exited;
    await fresh.drop();
  });
});
