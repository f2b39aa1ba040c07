import { CommanderError } from 'commander';
import { basename } from 'node:path';
import { commandTable } from './commands/index.js';
import { createProgram, settleSwitchValues } from './program.js';
import { CommandError, errorText, type Terminal } from './terminal.js';

/** Runs one command line (without the program's own name) and returns the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(commandTable, terminal);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(settleSwitchValues(commandTable, args), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    const failure = error instanceof CommandError ? error : new CommandError(errorText(error));
    if (failure.message !== '') terminal[failure.stream].write(`${failure.message.replace(/\n$/, '')}\n`);
    return failure.exitCode;
  }
}

/** Runs the command line of this process and leaves its exit code behind. */
export async function runFromShell(): Promise<void> {
  // A reader such as `head` may close the pipe early; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const called = basename(process.argv[1] ?? '', '.js');
  process.exitCode = await main(process.argv.slice(2), {
    programName: called === 'hydra' ? 'hydra' : 'castellan',
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  });
}
