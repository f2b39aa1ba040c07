import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/castellan.js', import.meta.url));

export type Exited = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

/** The compiled program in a process of its own. */
export type Child = {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when either stream matches; rejects with all output when the process ends first. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<Exited>;
};

/** Starts the compiled program (`npm run build` makes it) with nothing of this process's environment but PATH. */
export function spawnCastellan(args: readonly string[], env: NodeJS.ProcessEnv, stdin = ''): Child {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
      for (const look of watchers) look();
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const exited = new Promise<Exited>((resolve) => child.once('close', (exitCode) => resolve({ exitCode, ...output })));
  return {
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    kill: (signal) => void child.kill(signal),
    exited,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        function look(): void {
          const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
          if (match === null) return;
          watchers.delete(look);
          resolve(match);
        }
        watchers.add(look);
        void exited.then((outcome) =>
          reject(new Error(`ended with ${outcome.exitCode}:\n${outcome.stdout}${outcome.stderr}`)),
        );
        look();
      }),
  };
}
