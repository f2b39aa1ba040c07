import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { workspace } from '../program.js';
import { type Mutant, mutants } from './mutants.js';

/** Whether rows pass, and what their run wrote. */
type Outcome = { readonly passes: boolean; readonly output: string };

/** Runs the rows against the product, mutated or not. */
async function play({ row, test }: Mutant, mutant?: Mutant): Promise<Outcome> {
  const file = path.join('apps/e2e/src/attack', test);
  const env = { ...process.env, ...(mutant !== undefined ? { PRODUCT_MUTANT: JSON.stringify(mutant) } : {}) };
  const child = spawn('npx', ['vitest', 'run', file, '-t', row], { cwd: workspace, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { passes: code === 0, output };
}

describe.each(mutants)('without its guard, $row', (mutant) => {
  it('fails; with it, it passes', async () => {
    const whole = await play(mutant);
    expect(whole.passes, whole.output).toBe(true);
    expect((await play(mutant, mutant)).passes).toBe(false);
  });
});
