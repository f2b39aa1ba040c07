import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { workspace } from '../machine/program.js';
import { describeRuntime, type Recorded } from './recorded.js';

// Of all ratios the one that needs no server. Whatever the machine, it is above zero and below a billion.
const name = 'decision among 1,000 policies: literal decider / castellan';
const folder = mkdtempSync(path.join(os.tmpdir(), 'castellan-guard-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the command with a file of recorded ratios and answers how it ended. */
async function runGuard(
  recorded: Partial<Recorded>,
): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const file = path.join(folder, 'recorded.json');
  writeFileSync(file, JSON.stringify({ ...describeRuntime(), ...recorded }));
  const args = ['apps/bench/dist/main.js', '--guard', '--recorded', file, '--rounds', '1'];
  const child = spawn(process.execPath, args, { cwd: workspace, stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout };
}

describe('the command that guards speed', () => {
  it('ends with 0 where no ratio has dropped', async () => {
    const { code, stdout } = await runGuard({ ratios: { [name]: 1e-9 } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^decision among 1,000 policies: literal decider \/ castellan: [\d.]+ x\n$/);
  });

  it('ends with 1 where a ratio has dropped in two tries, whatever else the machine does, and names it', async () => {
    const { code, stdout } = await runGuard({ ratios: { [name]: 1e9 } });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^Dropped by more than 30 % in two tries:\ndecision among [^\n]+: [\d.]+ x, recorded 1000000000 x \(-100 %\)\n$/,
    );
  });

  it('ends with 3 and one line where the ratios are those of another runtime', async () => {
    const { code, stdout } = await runGuard({ node: '1', ratios: { [name]: 1e9 } });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^NOT MEASURED: recorded with Node 1 on [^\n]+\. Nothing is said about speed\.\n$/);
  });
});
