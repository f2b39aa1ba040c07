import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The workspace root, where the compiled programs are. */
export const workspace = path.resolve(import.meta.dirname, '../../..');

/** The environment that every program of a test gets: nothing of the machine's own configuration. */
export function bareEnvironment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = '', TMPDIR = '/tmp' } = process.env;
  return { PATH, TMPDIR, TZ: 'UTC', ...extra, ...mutation() };
}

/** How a mutant gets into the programs (attack/mutants.ts); nothing otherwise. */
function mutation(): Record<string, string> {
  const { PRODUCT_MUTANT } = process.env;
  if (PRODUCT_MUTANT === undefined) return {};
  const loader = pathToFileURL(path.join(workspace, 'apps/e2e/src/attack/mutant-loader.mjs')).href;
  return { PRODUCT_MUTANT, NODE_OPTIONS: `--import=${loader}` };
}

/** What a program that ended left behind. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a compiled program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly stdin?: string; readonly timeoutMs?: number },
): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(workspace, program), ...args], {
    env: bareEnvironment(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const fuse = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 30_000);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(fuse);
  return { code, stdout, stderr };
}

/** A program that keeps running. */
export type Running = {
  readonly child: ChildProcess;
  /** Everything it wrote so far, both streams. */
  output(): string;
  /** Waits until the output matches, or fails with the output when the program ends or time is up. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  /** Its exit code, once it ends by itself. */
  readonly ended: Promise<number | null>;
  /** Sends the signal and answers the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** Starts a compiled program that serves. */
export function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [path.join(workspace, program), ...args], {
    env: bareEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let code: number | null | undefined;
  void ended.then((value) => (code = value));
  return {
    child,
    output: () => output,
    ended,
    async until(pattern, timeoutMs = 90_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        if (code !== undefined) throw new Error(`${program} ended with ${code} before ${pattern}:\n${output}`);
        if (Date.now() > deadline) throw new Error(`${program} did not write ${pattern} in time:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async stop(signal = 'SIGTERM') {
      if (code === undefined) child.kill(signal);
      return ended;
    },
  };
}
