import { CommanderError } from 'commander';
import { jsonLine } from './json.js';
import { CommandError, errorText, printable, type ServerAnswer, type Terminal } from './terminal.js';

/** Whether a command line asks for JSON, told without parsing it: its parsing may be what fails. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const flags = end === -1 ? args : args.slice(0, end);
  return flags.some((arg, index) => arg === '--format=json' || (arg === '--format' && flags[index + 1] === 'json'));
}

/**
 * Says why a command failed, and returns its exit code. With `--format json` it is said on stderr as one line of JSON; else as a text,
 * which commander has printed already for wrong usage.
 */
export function reportFailure(error: unknown, isJson: boolean, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    const { exitCode, code } = error;
    const message = code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
    if (isJson && exitCode !== 0) terminal.stderr.write(`${failureJson(message, exitCode)}\n`);
    return exitCode;
  }
  const failure = error instanceof CommandError ? error : new CommandError(errorText(error));
  const { message, exitCode, answer } = failure;
  if (message === '') return exitCode;
  if (isJson) terminal.stderr.write(`${failureJson(message, exitCode, answer)}\n`);
  else terminal[failure.stream].write(`${printable(message.replace(/\n$/, ''))}\n`);
  return exitCode;
}

function failureJson(message: string, exitCode: number, answer?: ServerAnswer): string {
  const [said] = answer === undefined ? [message] : message.split('\n');
  return jsonLine({
    error: {
      message: said,
      exit_code: exitCode,
      ...(answer !== undefined ? { status: answer.status, answer: valueOf(answer.body) } : {}),
    },
  });
}

function valueOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}
