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

export type ServerAnswer = { readonly status: number; readonly body: string };

/** A failure with a text for the user. Printed on stderr, unless the command line of 2017 printed it on stdout. */
export class CommandError extends Error {
  readonly exitCode: number;
  readonly stream: 'stdout' | 'stderr';
  /** The server's refusal, where there was one. */
  readonly answer: ServerAnswer | undefined;

  constructor(
    message: string,
    options: { exitCode?: number; stream?: 'stdout' | 'stderr'; answer?: ServerAnswer } = {},
  ) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = options.exitCode ?? 1;
    this.stream = options.stream ?? 'stderr';
    this.answer = options.answer;
  }
}

/** The command was called wrongly: its usage is shown on stderr after the message, exit 2. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, { exitCode: 2 });
    this.name = 'UsageError';
  }
}

/**
 * Removes what steers a terminal (control characters) or turns the order of what it shows (bidirectional overrides), so that texts
 * from the network cannot. Tab and newline stay.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** Writes what `printable` removes, and every line end, as escapes such as `\u001b`: the text stays readable and is one line. */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
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
