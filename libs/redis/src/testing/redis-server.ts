import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

/** A Redis of one test file, which may be stopped, frozen and lied in without disturbing another. */
export type TestRedis = {
  readonly url: string;
  /** A plain connection, for the attacker. */
  readonly client: Redis;
  /** Stops the clock of the server: it keeps its connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** Ends the server and starts it again, empty, at the same place. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
};

/** Starts a Redis on a socket in a folder of its own. */
export async function startTestRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'castellan-redis-'));
  const socket = path.join(folder, 'redis.sock');
  const client = new Redis(socket, { lazyConnect: true, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const settings = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder];
    server = spawn('redis-server', settings, { stdio: 'ignore' });
    if (client.status === 'wait') void client.connect().catch(() => undefined);
    if (client.status !== 'ready') await new Promise<void>((resolve) => client.once('ready', () => resolve()));
  }

  async function stop(): Promise<void> {
    if (server?.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  await start();
  return {
    url: socket,
    client,
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
    stop,
    start,
    async close() {
      client.disconnect();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
