import { execFileSync } from 'node:child_process';
import os from 'node:os';

/** Which cores serve and which press; absent where the machine has one core or cannot say. */
export type Pinning = { readonly server: string; readonly others: string };

/**
 * Keeps this process, and what it starts from now on, off the first core, which belongs to the server that is measured:
 * its figure is then what one core gives. Nothing happens where `taskset` is missing or there is one core only.
 */
export function pin(): Pinning | undefined {
  const last = os.cpus().length - 1;
  if (last < 1) return undefined;
  const pinning = { server: '0', others: last === 1 ? '1' : `1-${last}` };
  try {
    execFileSync('taskset', ['-a', '-cp', pinning.others, String(process.pid)], { stdio: 'ignore' });
    return pinning;
  } catch {
    return undefined;
  }
}
