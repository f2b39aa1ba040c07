import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError, type Terminal } from './terminal.js';

/** Asks questions on stdout and reads one line per answer from stdin, be it a terminal or a pipe. */
export type Prompt = {
  /** The line without its end, or undefined at the end of the input. A masked answer is not shown while it is typed. */
  ask(question: string, options?: { readonly masked?: boolean }): Promise<string | undefined>;
  close(): void;
};

/** Opens stdin at the first question, so that a command that asks nothing leaves it alone. */
export function openPrompt(terminal: Terminal): Prompt {
  const isTty = terminal.stdin.isTTY === true;
  let reader: LineReader | undefined;
  return {
    ask: async (question, options = {}) => {
      reader ??= openLines(terminal, isTty);
      terminal.stdout.write(question);
      reader.setMasked(options.masked === true);
      const line = await reader.next();
      reader.setMasked(false);
      if (isTty && options.masked === true) terminal.stdout.write('\n');
      return line;
    },
    close: () => reader?.close(),
  };
}

/** The first line of stdin. Throws CommandError when there is none. */
export async function readSecretFromStdin(terminal: Terminal): Promise<string> {
  const lines = openLines(terminal, terminal.stdin.isTTY === true);
  lines.setMasked(true);
  const line = await lines.next();
  lines.close();
  if (line === undefined || line === '')
    throw new CommandError('Could not read the secret from standard input because EOF.');
  return line;
}

type LineReader = {
  next(): Promise<string | undefined>;
  setMasked(masked: boolean): void;
  close(): void;
};

function openLines(terminal: Terminal, isTty: boolean): LineReader {
  let masked = false;
  // On a terminal readline echoes what is typed through this stream.
  const echo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!masked) terminal.stdout.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: terminal.stdin, terminal: isTty, ...(isTty ? { output: echo } : {}) });
  const queue: string[] = [];
  let ended = false;
  let wake: (() => void) | undefined;
  lines.on('line', (line) => {
    queue.push(line);
    wake?.();
  });
  lines.on('close', () => {
    ended = true;
    wake?.();
  });
  return {
    next: async () => {
      while (queue.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
      return queue.shift();
    },
    setMasked: (value) => {
      masked = value;
    },
    close: () => lines.close(),
  };
}

/** All of standard input. */
export async function readAll(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk as string | Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}
