import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

/** A process of Redis that a test may end. */
export type RedisProcess = {
  readonly port: number;
  /** A plain connection to it. */
  readonly client: Redis;
  kill(): Promise<void>;
};

/** Processes of Redis on loopback ports, with a folder for what they write. */
export type RedisProcesses = {
  /** Starts a server, or a Sentinel, with further lines of configuration. */
  start(kind: 'server' | 'sentinel', lines?: readonly string[], password?: string): Promise<RedisProcess>;
  close(): Promise<void>;
};

// A cluster's bus listens 10 000 above the port, and ephemeral ports begin at 32 768.
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 12_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Makes nothing yet; `close` ends and removes what was started. */
export function createRedisProcesses(): RedisProcesses {
  const folder = mkdtempSync(path.join(tmpdir(), 'castellan-redis-'));
  const started: RedisProcess[] = [];

  return {
    async start(kind, lines = [], password) {
      const port = await freePort();
      const file = path.join(folder, `${port}.conf`);
      const own = kind === 'server' ? ['save ""', 'appendonly no', `dbfilename ${port}.rdb`] : [];
      const guard = password === undefined ? [] : [`requirepass ${password}`];
      const settings = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, ...own, ...guard, ...lines];
      writeFileSync(file, `${settings.join('\n')}\n`);
      const child: ChildProcess = spawn('redis-server', [file, ...(kind === 'sentinel' ? ['--sentinel'] : [])], {
        stdio: 'ignore',
      });
      const client = new Redis(port, '127.0.0.1', {
        retryStrategy: () => 20,
        ...(password === undefined ? {} : { password }),
      });
      client.on('error', () => undefined);
      await new Promise<void>((resolve) => client.once('ready', () => resolve()));
      const one = {
        port,
        client,
        async kill() {
          client.disconnect();
          if (child.exitCode !== null || child.signalCode !== null) return;
          const ended = once(child, 'exit');
          child.kill('SIGKILL');
          await ended;
        },
      };
      started.push(one);
      return one;
    },
    async close() {
      await Promise.all(started.map((one) => one.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
