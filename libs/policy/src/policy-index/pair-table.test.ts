import { describe, expect, it } from 'vitest';
import { Growth } from './growth.js';
import { IntArena } from './int-arena.js';
import { PairHash, PairTable } from './pair-table.js';

const [known, secret] = [0, 0x5eed_f00d];
const numbers = 1000;
const count = 600;

/** Pairs whose rows stand side by side where the seed is the one that everybody knows. */
const crafted = (() => {
  const hash = new PairHash(known);
  const pairs = Array.from({ length: numbers * numbers }, (_, i) => {
    const [resource, subject] = [1 + Math.floor(i / numbers), 1 + (i % numbers)];
    return { resource, subject, hash: hash.of(resource, subject) };
  });
  return pairs.sort((one, other) => one.hash - other.hash).slice(0, count);
})();

function tableOf(seed: number): PairTable {
  const growth = new Growth();
  const table = new PairTable(new IntArena(growth), growth, seed);
  crafted.forEach(({ resource, subject }, policy) => table.add(resource, subject, policy + 1, 1));
  return table;
}

/** Rows that stand side by side: a look-up among them may have to walk them all. */
function longestRun({ rows }: PairTable): number {
  let [longest, run] = [0, 0];
  for (let row = 0; row < rows.length; row += 4) {
    run = rows[row + 3] === 0 ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

describe('a table of pairs', () => {
  it('stands in one run where somebody knew where its rows would stand, and in short ones where nobody did', () => {
    expect(longestRun(tableOf(known))).toBe(count);
    expect(longestRun(tableOf(secret))).toBeLessThan(count / 5);
  });

  it.each([known, secret, 1, 2 ** 32 - 1])('finds what it holds, and forgets it, with the seed %i', (seed) => {
    const table = tableOf(seed);
    expect(crafted.every(({ resource, subject }, i) => table.policiesUnder(resource, subject)[0] === i + 1)).toBe(true);
    crafted.forEach(({ resource, subject }, i) => i % 2 === 0 && table.remove(resource, subject, i + 1));
    const left = crafted.filter(({ resource, subject }) => table.find(resource, subject) >= 0);
    expect(left).toEqual(crafted.filter((_, i) => i % 2 === 1));
  });
});
