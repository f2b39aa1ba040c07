import { describe, expect, it } from 'vitest';
import { createRandom, seed } from '../testing/seed.js';
import { KeyTable } from './key-table.js';
import { spread } from './text-hash.js';

function numbersUnder(table: KeyTable, hash: number): number[] {
  const found: number[] = [];
  const count = table.collect(hash, found, 0);
  return found.slice(0, count).sort((left, right) => left - right);
}

/** Hashes of which the highest bits, once spread, are equal: their homes are one in tables up to that size. */
function hashesOfOneHome(count: number, bits: number): number[] {
  const hashes: number[] = [];
  for (let hash = 1; hashes.length < count; hash++) if (spread(hash) >>> (32 - bits) === 7) hashes.push(hash);
  return hashes;
}

describe(`a table of keys (seed ${seed})`, () => {
  it('holds what was added and not removed, whatever the order', () => {
    const random = createRandom(seed);
    const table = new KeyTable();
    const expected = new Map<number, Set<number>>();
    // Few hashes with one home beside many others: clusters form, grow over one another and are taken apart.
    const hashes = [...hashesOfOneHome(8, 10), ...Array.from({ length: 300 }, () => Math.floor(random() * 2 ** 31))];
    for (let turn = 0; turn < 20_000; turn++) {
      const hash = hashes[Math.floor(random() * hashes.length)] ?? 0;
      const number = 1 + Math.floor(random() * 4);
      const numbers = expected.get(hash) ?? new Set();
      expected.set(hash, numbers);
      if (random() < (turn % 2000 < 1000 ? 0.7 : 0.3)) {
        if (!numbers.has(number) && table.add(hash, number)) numbers.add(number);
      } else {
        expect(table.remove(hash, number)).toBe(numbers.delete(number));
      }
      if (turn % 1000 > 0) continue;
      for (const [key, held] of expected) expect(numbersUnder(table, key)).toEqual([...held].sort());
    }
  });

  it('refuses what would stand too far from its home, and finds the rest after it has grown', () => {
    const table = new KeyTable();
    const hashes = hashesOfOneHome(200, 12);
    const added = hashes.filter((hash, i) => table.add(hash, i + 1));
    expect(added).toHaveLength(64);
    for (let i = 0; i < 5000; i++) table.add(i * 7919 + 3, 1000 + i);
    for (const hash of added) expect(numbersUnder(table, hash)).toContain(hashes.indexOf(hash) + 1);
    expect(numbersUnder(table, hashes[199] ?? 0)).toEqual([]);
  });

  it('has room again where something was removed', () => {
    const table = new KeyTable();
    for (let number = 1; number <= 64; number++) expect(table.add(5, number)).toBe(true);
    expect(table.add(5, 65)).toBe(false);
    expect(table.remove(5, 65)).toBe(false);
    expect(table.remove(5, 1)).toBe(true);
    expect(table.add(5, 65)).toBe(true);
    expect(table.count(5)).toBe(64);
  });
});
