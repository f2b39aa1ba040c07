import { execFileSync } from 'node:child_process';
import { freePorts } from '../machine/ports.js';
import { start } from '../machine/program.js';

/** A Redis of this run that keeps nothing on disk. */
export type RedisServer = { readonly url: string; stop(): Promise<void> };

/** Starts `redis-server` where it is on PATH. */
export async function startRedis(): Promise<RedisServer | undefined> {
  try {
    execFileSync('sh', ['-c', 'command -v redis-server'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const [port = 0] = await freePorts(1);
  const server = start('redis-server', {
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
  });
  await server.until(/Ready to accept connections/);
  return { url: `redis://127.0.0.1:${port}`, stop: () => server.stop() };
}
