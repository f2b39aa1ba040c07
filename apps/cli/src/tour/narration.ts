import { Readable, Writable } from 'node:stream';
import type { CommandCall } from '../command.js';
import { main } from '../main.js';
import { CommandError } from '../terminal.js';
import type { Stage } from './stage.js';

/** What the steps of a tour share. */
export type Narration = {
  readonly call: CommandCall;
  readonly stage: Stage;
  /** Home folder of the command lines that are played. */
  readonly home: string;
  /** What is shortened wherever it shows. */
  readonly secrets: Set<string>;
  /** Number of the current step. */
  step: number;
};

/** A command that was begun: its output so far, and all of it once it ended as it should. */
type Begun = { readonly stdout: string; readonly ended: Promise<string> };

export type RunOptions = {
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the answer must look like. */
  readonly expect: RegExp;
  readonly exitCode?: number;
};

/** Shows a step, runs its command in this process, shows and checks the answer. */
export async function run(
  tour: Narration,
  title: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  showStep(tour, title, [tour.call.terminal.programName, ...args]);
  const { ended } = begin(tour, args, options);
  const answer = await ended;
  showAnswer(tour, withTyped(answer, options.stdin));
  if (!options.expect.test(answer)) throw new CommandError(`Step ${tour.step} did not answer as it should.`);
  return answer;
}

/** Begins a command in this process. */
export function begin(tour: Narration, args: readonly string[], options: Omit<RunOptions, 'expect'>): Begun {
  let stdout = '';
  let stderr = '';
  const collect = (keep: (part: string) => void): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        keep(chunk.toString());
        done();
      },
    });
  const ended = main(args, {
    programName: tour.call.terminal.programName,
    env: { HOME: tour.home, TLS_CA_FILE: tour.stage.certificate, ...options.env },
    stdin: Readable.from(options.stdin !== undefined ? [options.stdin] : []),
    stdout: collect((part) => (stdout += part)),
    stderr: collect((part) => (stderr += part)),
  }).then((exitCode) => {
    if (exitCode === (options.exitCode ?? 0)) return exitCode === 0 ? stdout : stderr;
    showAnswer(tour, stdout + stderr);
    throw new CommandError(`Step ${tour.step} failed with exit code ${exitCode}.`);
  });
  return {
    get stdout() {
      return stdout;
    },
    ended,
  };
}

/** The answer as a terminal shows it: what is typed stands behind its question. */
function withTyped(answer: string, stdin: string | undefined): string {
  const lines = stdin?.split('\n') ?? [];
  return answer.replace(/\]: /g, (prompt) => `${prompt}${lines.shift() ?? ''}\n`);
}

export function showStep(tour: Narration, title: string, words: readonly string[]): void {
  tour.step++;
  const command = words.map((word) => (/[^\w@%+=:,./-]/.test(word) ? `'${word}'` : word)).join(' ');
  tour.call.print(`\n${tour.step}. ${title}\n   $ ${hidden(tour, command)}`);
}

export function showAnswer(tour: Narration, answer: string): void {
  // A token in an answer is known as a secret from here on.
  for (const [token] of answer.matchAll(/\bct_[a-z]{2}_[\w-]+\.[\w-]+/g)) tour.secrets.add(token);
  for (const [, secret] of answer.matchAll(/Client Secret: (\S+)\n/g))
    if (secret !== undefined) tour.secrets.add(secret);
  for (const line of hidden(tour, answer).trimEnd().split('\n')) tour.call.print(`   ${line}`);
}

/** Secrets and tokens, shortened: enough to recognise them, of no use to anybody. */
function hidden(tour: Narration, text: string): string {
  let shown = text;
  for (const secret of tour.secrets) {
    // All tokens of one hour begin alike; what tells them apart is their end.
    const isToken = secret.startsWith('ct_') && secret.length > 40;
    shown = shown.replaceAll(
      secret,
      isToken ? `${secret.slice(0, 10)}...${secret.slice(-4)}` : `${secret.slice(0, 4)}...`,
    );
  }
  return shown;
}
