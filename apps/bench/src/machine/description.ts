import { execFileSync } from 'node:child_process';
import os from 'node:os';
import type { Pinning } from './pinning.js';
import { workspace } from './program.js';

/** Where and with what a run was measured. No result is worth anything without it. */
export type MachineDescription = {
  readonly node: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGb: number;
  readonly system: string;
  /** Commit of the measured product, with `+` when files were changed since. */
  readonly commit: string;
  /** Which core the measured server had for itself, in words. */
  readonly layout: string;
  readonly startedAt: string;
};

export function describeMachine(pinning: Pinning | undefined): MachineDescription {
  const [core] = os.cpus();
  return {
    node: process.version,
    cores: os.cpus().length,
    processor: core?.model.trim() ?? 'unknown',
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release().split('-')[0]} ${os.arch()}`,
    commit: readCommit(),
    layout:
      pinning === undefined
        ? 'not pinned: server, database and load share all cores'
        : `server on core ${pinning.server}, database and load on core ${pinning.others}`,
    startedAt: new Date().toISOString(),
  };
}

function readCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: workspace, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}
