import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { spawnCastellan, type Child } from '../testing/child-process.js';
import { freePort } from '../tour/stage.js';

const folder = mkdtempSync(join(tmpdir(), 'castellan-start-'));
// The embedded PostgreSQL of root runs as another account, which must get through.
chmodSync(folder, 0o711);
const data = join(folder, 'data');
const env: NodeJS.ProcessEnv = { HOME: folder, CASTELLAN_DATA: data };
const children: Child[] = [];

afterAll(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await child.exited;
  }
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]): Child {
  const child = spawnCastellan(args, env);
  children.push(child);
  return child;
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { ca, agent: false }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.on('end', () => resolve(text));
    });
    sent.on('error', reject);
  });
}

describe('start', () => {
  it('brings everything up on one folder, keeps it over restarts, and tells how to go on', async () => {
    const [port, consentPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
    Object.assign(env, { PORT: String(port), CONSENT_PORT: String(consentPort), GRPC_PORT: String(grpcPort) });

    const first = run('start');
    await first.until(/Castellan is ready/);
    const guide = first.stdout();
    const read = (name: string): string => readFileSync(join(data, name), 'utf8').trim();
    for (const name of ['system-secret', 'root-credentials', 'consent-app-secret']) {
      expect(statSync(join(data, name)).mode & 0o777).toBe(0o600);
    }
    expect(guide).not.toContain(read('system-secret'));
    expect(first.stderr()).not.toContain(read('system-secret'));
    const [id = '', secret = ''] = read('root-credentials').split(':');
    for (const shown of [
      `https://localhost:${port}`,
      `http://localhost:${consentPort}`,
      id,
      secret,
      'castellan-ca.pem',
      'npx castellan connect',
    ]) {
      expect(guide).toContain(shown);
    }

    const tokenEnv = { CLUSTER_URL: `https://localhost:${port}`, CLIENT_ID: id, CLIENT_SECRET: secret };
    const trusting = { HOME: folder, ...tokenEnv, TLS_CA_FILE: join(data, 'castellan-ca.pem') };
    const token = await spawnCastellan(['token', 'client'], trusting).exited;
    expect(token).toMatchObject({ exitCode: 0, stderr: '' });
    const policy = await spawnCastellan(['policies', 'get', 'consent-app-policy'], trusting).exited;
    expect(JSON.parse(policy.stdout)).toMatchObject({ subjects: ['consent-app'], effect: 'allow' });

    const document = await fetchText(`https://localhost:${port}/openapi.json`, read('castellan-ca.pem'));
    expect(Object.keys((JSON.parse(document) as { paths: object }).paths)).toEqual(
      expect.arrayContaining(['/oauth2/token', '/clients']),
    );

    const other = await run('start').exited;
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toMatch(/is in use: process \d+ serves it on/);

    const tour = await run('tour').exited;
    expect(tour).toMatchObject({ exitCode: 0, stderr: '' });
    expect(tour.stdout).toContain(`The tour is played against https://localhost:${port}, which is running.`);
    expect(tour.stdout).toMatch(/The tour is over: \d+ steps, all as they should be/);
    expect(tour.stdout).not.toContain(secret);
    expect(tour.stdout).not.toMatch(/ct_[a-z]{2}_[\w-]{20}/);

    // The machine goes away without a word, and comes back.
    first.kill('SIGKILL');
    await first.exited;
    const second = run('start');
    await second.until(/Castellan is ready/);
    expect(second.stderr()).not.toMatch(/system secret|root client|self-signed/);
    const validated = await spawnCastellan(['token', 'validate', token.stdout.trim()], trusting).exited;
    expect(validated.stdout).toContain('"active": true,');
    second.kill('SIGTERM');
    expect((await second.exited).exitCode).toBe(0);
  }, 120_000);
});

describe('tour', () => {
  it('starts a server of its own where none runs, and leaves nothing of it', async () => {
    const tour = await spawnCastellan(['tour'], { HOME: folder, CASTELLAN_DATA: join(folder, 'none') }).exited;
    expect(tour.stdout).toMatch(/Nothing is running, so the tour started Castellan on https:\/\/localhost:\d+/);
    expect(tour).toMatchObject({ exitCode: 0, stderr: '' });
    const own = /--cacert (\S+)\/castellan-ca\.pem/.exec(tour.stdout)?.[1] ?? '';
    expect(() => statSync(own)).toThrow(/ENOENT/);
  }, 120_000);
});
