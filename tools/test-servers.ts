import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../libs/postgres/src/embedded.js';
import { makeTestTemplate } from '../libs/postgres/src/testing.js';

/** Vitest's global set-up: a real PostgreSQL and a real Redis on free ports, with folders of their own, stopped after. */
export default async function startTestServers(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'castellan-test-'));
  execFileSync('chmod', ['755', folder]);
  const postgres = await startEmbeddedPostgres({ folder, mode: 'test' });
  process.env['CASTELLAN_TEST_PG'] = postgres.url;
  await makeTestTemplate();
  const redisPort = await freePort();
  const redis = spawn(
    redisServer(),
    ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: 'ignore' },
  );
  process.env['CASTELLAN_TEST_REDIS'] = `redis://127.0.0.1:${redisPort}`;
  // Where the runner is ended before it comes to what follows.
  const kill = (): void => {
    redis.kill('SIGTERM');
    process.kill(postgres.pid, 'SIGINT');
  };
  process.once('exit', kill);
  return async () => {
    process.off('exit', kill);
    redis.kill('SIGTERM');
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** redis-server on PATH; on Debian as root it is installed; else the command to run is named (rulings 6). */
function redisServer(): string {
  const found = (): string | undefined => {
    try {
      return execFileSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' }).trim();
    } catch {
      return undefined;
    }
  };
  const present = found();
  if (present !== undefined) return present;
  if (process.getuid?.() === 0) {
    process.stderr.write('redis-server is not on PATH: installing it with apt-get\n');
    execFileSync(
      'sh',
      [
        '-c',
        'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'], timeout: 400_000 },
    );
    const installed = found();
    if (installed !== undefined) return installed;
  }
  throw new Error('The tests need redis-server on PATH. Install it, for example: sudo apt-get install redis-server');
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
