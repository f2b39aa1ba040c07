import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from './terminal.js';

/**
 * Where the product keeps what it makes itself, the embedded database among it: CASTELLAN_DATA, else XDG_DATA_HOME/castellan, else
 * /var/lib/castellan for root and ~/.local/share/castellan for everybody else.
 */
export function dataFolder(terminal: Terminal, userId: number | undefined = process.getuid?.()): string {
  const { env } = terminal;
  if (env['CASTELLAN_DATA']) return env['CASTELLAN_DATA'];
  if (env['XDG_DATA_HOME']) return join(env['XDG_DATA_HOME'], 'castellan');
  if (userId === 0) return '/var/lib/castellan';
  return join(env['HOME'] || homedir(), '.local', 'share', 'castellan');
}
