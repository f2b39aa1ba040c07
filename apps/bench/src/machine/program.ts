import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

/** The workspace root, where the compiled programs are. */
export const workspace = path.resolve(import.meta.dirname, '../../../..');

/** How to start a program. */
export type ProgramOptions = {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Cores to run on, as taskset names them. */
  readonly cores?: string | undefined;
  /** The program to run; without it, Node with `file`. */
  readonly command?: string;
};

/** What a program that ended left behind. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** A program that keeps running. */
export type Running = {
  readonly pid: number;
  /** Everything it wrote so far, both streams. */
  output(): string;
  /** Waits until the output matches; throws with the output when the program ends or time is up. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  hasEnded(): boolean;
  /** Ends it, by force after ten seconds. */
  stop(): Promise<void>;
};

const living = new Set<ChildProcess>();
// What is left when this process ends in a way that no promise survives.
process.on('exit', () => living.forEach((child) => child.kill('SIGKILL')));

function launch(file: string, options: ProgramOptions): ChildProcess {
  const { PATH = '', TMPDIR = '/tmp' } = process.env;
  const command = options.command === undefined ? [process.execPath, path.resolve(workspace, file)] : [options.command];
  const pinned = options.cores === undefined ? [] : ['taskset', '-c', options.cores];
  const [program = '', ...args] = [...pinned, ...command, ...(options.args ?? [])];
  const child = spawn(program, args, {
    // Our own group: a signal of the terminal reaches us alone, and we stop what we started in order.
    detached: true,
    env: { PATH, TMPDIR, TZ: 'UTC', NODE_ENV: 'production', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  living.add(child);
  child.once('close', () => living.delete(child));
  child.stdin?.on('error', () => undefined);
  return child;
}

/** Runs a program to its end. Throws with what it wrote when it fails. */
export async function run(file: string, options: ProgramOptions = {}): Promise<Ended> {
  const child = launch(file, options);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.end(options.stdin ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${options.command ?? file} ended with ${code}: ${stderr}${stdout}`);
  return { code, stdout, stderr };
}

/** Starts a program that serves. */
export function start(file: string, options: ProgramOptions = {}): Running {
  const child = launch(file, options);
  let output = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-200_000));
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.stdin?.end();
  child.once('error', (cause) => (output += String(cause)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const hasEnded = (): boolean => !living.has(child);
  return {
    pid: child.pid ?? 0,
    output: () => output,
    hasEnded,
    async until(pattern, timeoutMs = 120_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        if (hasEnded()) throw new Error(`${options.command ?? file} ended before ${pattern}:\n${output}`);
        if (Date.now() > deadline) throw new Error(`${file} did not write ${pattern} in time:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop() {
      if (hasEnded()) return;
      child.kill('SIGTERM');
      const fuse = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(fuse);
    },
  };
}
