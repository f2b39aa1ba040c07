import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandCall } from '../command.js';
import { dataFolder } from '../data-folder.js';
import { dataFiles, makeDataFolder, readRunning, type RunningStart } from '../start/data-files.js';
import { CommandError } from '../terminal.js';

/** The running product that the tour is played against. */
export type Stage = RunningStart & {
  /** Whether the tour started it, on a folder and ports of its own. */
  readonly isOwn: boolean;
  close(): Promise<void>;
};

const program = fileURLToPath(new URL('../../bin/castellan.js', import.meta.url));
const startTimeoutMs = 120_000;

/** Finds the `start` that runs on the data folder; where none runs, starts one that lives as long as the tour. */
export async function findStage(call: CommandCall): Promise<Stage> {
  const running = await readRunning(dataFiles(dataFolder(call.terminal)));
  if (running !== undefined) return { ...running, isOwn: false, close: async () => undefined };
  return startStage(call);
}

async function startStage(call: CommandCall): Promise<Stage> {
  // Short, so that the embedded PostgreSQL can listen on a socket in it.
  const folder = await mkdtemp(join(tmpdir(), 'castellan-tour-'));
  await rm(folder, { recursive: true });
  await makeDataFolder(folder);
  const [port, consentPort, grpcPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const {
    CASTELLAN_DATA: _data,
    ISSUER: _issuer,
    CONSENT_URL: _consent,
    SYSTEM_SECRET: _secret,
    ...env
  } = call.terminal.env;
  const child = spawn(process.execPath, [program, 'start'], {
    env: {
      ...env,
      CASTELLAN_DATA: folder,
      PORT: String(port),
      CONSENT_PORT: String(consentPort),
      GRPC_PORT: String(grpcPort),
      OPS_PORT: '',
      FORCE_ROOT_CLIENT_CREDENTIALS: '',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  async function close(): Promise<void> {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
  function interrupt(): void {
    void close().finally(() => process.exit(130));
  }
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const running = await readRunning(dataFiles(folder));
    if (running !== undefined) return { ...running, isOwn: true, close };
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      await close();
      throw new CommandError(`Could not start the product for the tour:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A port that nobody listens on just now, below those the system hands out to connections. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new CommandError('Could not find a free port.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => {
      const isBound = (probe.address() as AddressInfo | null)?.port === port;
      probe.close(() => resolve(isBound));
    });
  });
}
