import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';

// The compiled program: these tests are about a process, its signals and its exit status.
const PROGRAM = fileURLToPath(new URL('../dist/testing/example-service.js', import.meta.url));

type Started = { readonly child: ChildProcess; readonly exit: Promise<number | null>; readonly log: () => string };

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(kind: 'grpc' | 'http', env: Record<string, string>, flags: readonly string[] = []): Started {
  if (!existsSync(PROGRAM)) throw new Error('build libs/service first: node node_modules/ts7/bin/tsc -b libs/service');
  const child = spawn(process.execPath, [PROGRAM, kind, ...flags], {
    env: { PATH: process.env['PATH'] ?? '', OPS_PORT: '0', GRPC_PORT: '0', OPS_HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, exit: new Promise((resolve) => child.once('exit', resolve)), log: () => text };
}

async function listening(started: Started, what: string): Promise<number> {
  const pattern = new RegExp(`Setting up ${what} server on :(\\d+)`);
  await vi.waitUntil(() => pattern.test(started.log()), { timeout: 60_000 });
  return Number(pattern.exec(started.log())?.[1]);
}

const PLAIN = { GRPC_DANGEROUS_PLAINTEXT: '1' };

describe('a service process', () => {
  it('over gRPC answers health, readiness and metrics on its operations port and exits 0 on SIGTERM', async () => {
    const started = start('grpc', {}, ['--dangerous-grpc-plaintext']);
    await listening(started, 'grpc');
    const operations = await listening(started, 'operations');
    const base = `http://127.0.0.1:${operations}`;
    expect((await fetch(`${base}/health/alive`)).status).toBe(200);
    expect(await (await fetch(`${base}/health/ready`)).json()).toEqual({ status: 'ok' });
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toContain('castellan_rpc_requests_total');
    expect(metrics).toContain('process_cpu_seconds_total');
    expect((await fetch(`${base}/other`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(0);
  });

  it('over HTTP ends running requests before it exits 0, and is not ready meanwhile', async () => {
    const started = start('http', { ...PLAIN, HOST: '127.0.0.1', SHUTDOWN_DELAY: '1s' }, ['--dangerous-force-http']);
    const port = await listening(started, 'http');
    const operations = await listening(started, 'operations');
    const running = fetch(`http://127.0.0.1:${port}/slow`);
    await new Promise((resolve) => setImmediate(resolve));
    const probe = fetch(`http://127.0.0.1:${port}/absent`);
    expect((await probe).status).toBe(404);
    started.child.kill('SIGINT');
    await vi.waitUntil(() => started.log().includes('Shutting down'), { timeout: 60_000 });
    expect((await fetch(`http://127.0.0.1:${operations}/health/ready`)).status).toBe(503);
    expect(await (await running).json()).toEqual({ done: true });
    const answeredAt = Date.now();
    expect(await started.exit).toBe(0);
    // The kept-alive connection of the answered request does not hold the process.
    expect(Date.now() - answeredAt).toBeLessThan(15_000);
  });

  it('exits 1 at a second signal', async () => {
    const started = start('grpc', { ...PLAIN, SHUTDOWN_DELAY: '30s' });
    await listening(started, 'operations');
    started.child.kill('SIGTERM');
    await vi.waitUntil(() => started.log().includes('Shutting down'), { timeout: 60_000 });
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(1);
  });

  it.each([
    ['grpc', {}, /^Configuration error: gRPC needs GRPC_TLS_CERT_PATH.*\n$/],
    ['grpc', { ...PLAIN, EXAMPLE: 'broken' }, /^Configuration error: EXAMPLE: must not be broken\n$/],
    ['grpc', { ...PLAIN, EXAMPLE: 'failing' }, /^Could not start: the database is away\n$/],
    ['grpc', { ...PLAIN, OPS_PORT: 'x' }, /^Configuration error: OPS_PORT: must be a port \(0 to 65535\)\n$/],
    ['grpc', { ...PLAIN, SHUTDOWN_DELAY: 'x' }, /^Configuration error: SHUTDOWN_DELAY: must be a duration.*\n$/],
    ['grpc', { ...PLAIN, LOG_LEVEL: 'loud' }, /^Configuration error: LOG_LEVEL: .*\n$/],
    ['http', PLAIN, /^Configuration error: no TLS certificate: .*\n$/],
    ['grpc', { ...PLAIN, EXAMPL: 'x' }, /^Configuration error: EXAMPL: is not known; did you mean EXAMPLE\?; .*\n$/],
    [
      'grpc',
      { ...PLAIN, CASTELLAN_CONFIG: '/absent.yml' },
      /^Configuration error: \/absent\.yml: the conf.*ENOENT\)\n$/,
    ],
    [
      'http',
      { ...PLAIN, HTTPS_TLS_CERT: 'nonsense', HTTPS_TLS_KEY: 'nonsense' },
      /^Configuration error: HTTPS_TLS_CERT.*\n$/,
    ],
  ] as const)('%s that cannot start says so in one line and exits 1 (%#)', async (kind, env, expected) => {
    const started = start(kind, env);
    expect(await started.exit).toBe(1);
    expect(started.log()).toMatch(expected);
  });

  it.each([
    [['--confg', 'x'], /^Configuration error: --confg is no flag; there are --config, .*\n$/],
    [['--config'], /^Configuration error: --config needs a value\n$/],
    [['--config=/absent.yml'], /^Configuration error: \/absent\.yml: /],
  ])('refuses the flags %j', async (flags, expected) => {
    const started = start('grpc', PLAIN, flags);
    expect(await started.exit).toBe(1);
    expect(started.log()).toMatch(expected);
  });

  it('starts from a configuration file', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'castellan-config-'));
    writeFileSync(path.join(folder, 'keys.yml'), 'grpc: { dangerous_plaintext: true }\nlog_format: json\n');
    const started = start('grpc', {}, ['--config', path.join(folder, 'keys.yml')]);
    await vi.waitUntil(() => /"msg":"Setting up grpc server/.test(started.log()), { timeout: 60_000 });
    started.child.kill('SIGTERM');
    expect(await started.exit).toBe(0);
    rmSync(folder, { recursive: true });
  });
});
