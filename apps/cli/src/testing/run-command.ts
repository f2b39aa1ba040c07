import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { main } from '../main.js';

export type Outcome = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

export type CommandLine = {
  readonly home: string;
  /** Runs a command line in this process with streams of its own. */
  run(
    args: readonly string[],
    options?: { stdin?: string; env?: NodeJS.ProcessEnv; programName?: string },
  ): Promise<Outcome>;
  /** Starts a command that goes on; its output so far can be read at any time. */
  start(
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): { readonly stdout: () => string; readonly stderr: () => string; readonly ended: Promise<Outcome> };
};

/** A command line with an empty home folder. */
export function createCommandLine(env: NodeJS.ProcessEnv = {}): CommandLine {
  const home = mkdtempSync(join(tmpdir(), 'castellan-cli-'));

  function start(
    args: readonly string[],
    more: NodeJS.ProcessEnv,
    stdin: Readable,
    programName: string,
  ): { stdout: () => string; stderr: () => string; ended: Promise<Outcome> } {
    const [stdout, stderr] = [collect(), collect()];
    const terminal = {
      programName,
      env: { HOME: home, ...env, ...more },
      stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
    };
    const ended = main(args, terminal).then((exitCode) => ({ exitCode, stdout: stdout.text(), stderr: stderr.text() }));
    return { stdout: stdout.text, stderr: stderr.text, ended };
  }

  return {
    home,
    run: (args, options = {}) => {
      const stdin = Readable.from(options.stdin !== undefined ? [options.stdin] : []);
      return start(args, options.env ?? {}, stdin, options.programName ?? 'castellan').ended;
    },
    start: (args, more = {}) => start(args, more, new PassThrough(), 'castellan'),
  };
}

function collect(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}
