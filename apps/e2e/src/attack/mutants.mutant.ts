import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { workspace } from '../program.js';
import { type Mutant, mutants } from './mutants.js';

/** Runs the rows against the product, mutated or not, and answers whether they pass. */
async function pass({ row, test }: Mutant, mutant?: Mutant): Promise<boolean> {
  const file = path.join('apps/e2e/src/attack', test);
  const env = { ...process.env, ...(mutant !== undefined ? { PRODUCT_MUTANT: JSON.stringify(mutant) } : {}) };
  const child = spawn('npx', ['vitest', 'run', file, '-t', row], { cwd: workspace, env, stdio: 'ignore' });
  return (await new Promise<number | null>((resolve) => child.once('close', resolve))) === 0;
}

describe.each(mutants)('without its guard, $row', (mutant) => {
  it('fails; with it, it passes', async () => {
    expect([await pass(mutant), await pass(mutant, mutant)]).toEqual([true, false]);
  });
});
