import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { untestable } from './statements.js';

const folder = import.meta.dirname;

/** The statements named by titles of tests: `it('S8 S11 ...')`, `describe.each(...)('S46 ...')`. */
function tested(): Set<string> {
  const names = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.startsWith('statements')) continue;
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, title = ''] of text.matchAll(/(?:\bit|\bdescribe)?(?:\.each\([^`]*?\))?\(\s*['`]((?:S\d+ )+)/g))
      for (const name of title.trim().split(' ')) names.add(name);
  }
  return names;
}

describe('the statements S1-S74', () => {
  it.each(Array.from({ length: 74 }, (_, index) => `S${index + 1}`))('%s is tested or listed with a reason', (name) => {
    expect(tested().has(name) || untestable[name] !== undefined, name).toBe(true);
  });

  it('no statement is both tested and listed as untestable', () => {
    expect(Object.keys(untestable).filter((name) => tested().has(name))).toEqual([]);
  });
});
