import type { Writable } from 'node:stream';

const width = 30;

/** Shows how far a piece of work of known size is: one line that is written over on a terminal, a line each elsewhere. */
export function progressBar(
  stream: Writable & { readonly isTTY?: boolean },
  total: number,
): { show(done: number): void; end(): void } {
  const isTerminal = stream.isTTY === true;
  return {
    show(done) {
      // More may have come meanwhile than there was at the start.
      const all = Math.max(total, done);
      const filled = Math.round((width * done) / Math.max(all, 1));
      const line = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${all}`;
      stream.write(isTerminal ? `\r${line}` : `${line}\n`);
    },
    end() {
      if (isTerminal) stream.write('\n');
    },
  };
}
