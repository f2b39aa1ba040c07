import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../config-file.js';
import { members } from '../json.js';

/** Where `start` keeps things within its data folder. */
export type DataFiles = {
  readonly folder: string;
  readonly systemSecret: string;
  readonly rootCredentials: string;
  readonly consentSecret: string;
  /** The server's certificate, for programs that are to trust it. */
  readonly certificate: string;
  /** Certificates of the peers of the Warden's gRPC door. */
  readonly peers: string;
  readonly running: string;
};

/** What other commands need to find a running `start`. */
export type RunningStart = {
  readonly pid: number;
  readonly clusterUrl: string;
  readonly consentUrl: string;
  readonly certificate: string;
  readonly rootCredentials: string;
};

export function dataFiles(folder: string): DataFiles {
  return {
    folder,
    systemSecret: join(folder, 'system-secret'),
    rootCredentials: join(folder, 'root-credentials'),
    consentSecret: join(folder, 'consent-app-secret'),
    certificate: join(folder, 'castellan-ca.pem'),
    peers: join(folder, 'peers'),
    running: join(folder, 'running.json'),
  };
}

/** Makes the folder. Root lets others pass through, because its embedded PostgreSQL runs as another account. */
export async function makeDataFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
}

export async function writeRunning(files: DataFiles, running: RunningStart): Promise<void> {
  await writePrivateFile(files.running, `${JSON.stringify(running, null, 2)}\n`);
}

export async function forgetRunning(files: DataFiles): Promise<void> {
  await rm(files.running, { force: true });
}

/** The `start` that runs on this folder; undefined when none does. */
export async function readRunning(files: DataFiles): Promise<RunningStart | undefined> {
  const text = await readFile(files.running, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const values = members(JSON.parse(text));
  const read = (name: string): string => String(values[name] ?? '');
  const pid = Number(values['pid']);
  if (pid === process.pid || !isAlive(pid)) return undefined;
  return {
    pid,
    clusterUrl: read('clusterUrl'),
    consentUrl: read('consentUrl'),
    certificate: read('certificate'),
    rootCredentials: read('rootCredentials'),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
