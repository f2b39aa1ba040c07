import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileTemplate } from './template.js';

type Entry = { readonly pattern: string; readonly matches?: readonly number[]; readonly refused?: boolean };
type Corpus = { readonly values: readonly string[]; readonly patterns: readonly Entry[] };

/** What Go's regexp says of some 70,000 pairs of pattern and value; `re2-corpus.go` beside it wrote it. */
const corpus = JSON.parse(readFileSync(new URL('testing/cases/re2-corpus.json', import.meta.url), 'utf8')) as Corpus;

/** What newer versions of Go take, and this engine does not: it is refused when a policy is written. */
const narrower = new Set(['(?P<n>a)(?P<n>b)', '(?<n>a)(?<n>b)', '\\p{greek}', '\\p{Letter}', '\\pl']);

function compile(pattern: string): ((value: string) => boolean) | undefined {
  try {
    return compileTemplate(`<${pattern}>`).matches;
  } catch {
    return undefined;
  }
}

describe('an expression (attack WP-10)', () => {
  it('is taken where Go takes it, and refused where Go refuses it', () => {
    expect(corpus.patterns.length).toBeGreaterThan(700);
    for (const { pattern, refused = false } of corpus.patterns) {
      expect([pattern, compile(pattern) === undefined]).toEqual([pattern, refused || narrower.has(pattern)]);
    }
  });

  it('matches the values that it matches in Go, whole, and no other', () => {
    let pairs = 0;
    for (const { pattern, matches = [] } of corpus.patterns) {
      const isMatch = compile(pattern);
      if (isMatch === undefined) continue;
      const found = corpus.values.flatMap((value, index) => (isMatch(value) ? [index] : []));
      expect([pattern, found.map((index) => corpus.values[index])]).toEqual([
        pattern,
        matches.map((index) => corpus.values[index]),
      ]);
      pairs += corpus.values.length;
    }
    expect(pairs).toBeGreaterThan(50_000);
  });
});
