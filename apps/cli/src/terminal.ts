import type { Readable, Writable } from 'node:stream';

/** What a command may touch of the process around it. Tests pass their own streams and environment. */
export type Terminal = {
  /** The name the program was called by, shown in usage texts: `castellan` or its alias `hydra`. */
  readonly programName: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable;
};

/** A failure with a text for the user. Printed on stderr, unless the command line of 2017 printed it on stdout. */
export class CommandError extends Error {
  readonly exitCode: number;
  readonly stream: 'stdout' | 'stderr';

  constructor(message: string, options: { exitCode?: number; stream?: 'stdout' | 'stderr' } = {}) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = options.exitCode ?? 1;
    this.stream = options.stream ?? 'stderr';
  }
}

/** The command was called wrongly: its usage is shown on stderr after the message, exit 2. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, { exitCode: 2 });
    this.name = 'UsageError';
  }
}

/** Removes control characters, so that texts from the network cannot steer the terminal. Tab and newline stay. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** One log line in the format of the server's text log. */
export function logLine(level: 'info' | 'warning' | 'error', message: string, now = new Date()): string {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return `time="${time}" level=${level} msg=${JSON.stringify(message)}\n`;
}

/** A message for any thrown value. Node's happy-eyeballs errors carry their text only in their parts. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(errorText).join(', ');
  return error instanceof Error ? error.message : String(error);
}
