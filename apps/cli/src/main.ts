import { basename } from 'node:path';
import { commandTable } from './commands/index.js';
import { asksForJson, reportFailure } from './failure.js';
import { createProgram, settleSwitchValues } from './program.js';
import type { Terminal } from './terminal.js';

/** Runs one command line (without the program's own name) and returns the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const isJson = asksForJson(args);
  const program = createProgram(commandTable, terminal, isJson ? 'code' : 'text');
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(settleSwitchValues(commandTable, args), { from: 'user' });
    return 0;
  } catch (error) {
    return reportFailure(error, isJson, terminal);
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
