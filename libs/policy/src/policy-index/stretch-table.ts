import type { TemplateLiterals } from '../template.js';
import type { Growth } from './growth.js';
import { KeyTable } from './key-table.js';
import { LengthCounts } from './length-counts.js';
import { extendHash, gramLength, hashBackwards, hashForwards, hashFrom, hashGram } from './text-hash.js';

/** More templates under one key would make every lookup of it slow; the next one gets another key, or none. */
const maxTemplatesPerKey = 32;

/** Different places from which infixes are looked for; each costs a walk over the longest of them. */
const maxInfixStarts = 4;

/** By which stretch of literal text a template is found, and the hash of that. */
type Key = {
  readonly kind: 'prefix' | 'suffix' | 'infix' | 'gram';
  readonly hash: number;
  readonly length: number;
  /** Where the infix is looked for. */
  readonly start?: InfixStart;
};

/** An infix begins at the first `excluded` character behind as much as its templates begin with. */
type InfixStart = { readonly prefixLength: number; readonly excluded: string; templates: number };

/**
 * Templates found by what a value must begin with, end with or hold. A lookup costs the length of the value, and at most
 * 32 templates for each place at which a key may end; what it finds might match, and what matches is found.
 */
export class StretchTable {
  private readonly keys = new Map<number, Key>();
  private readonly tables: { readonly [kind in Key['kind']]: KeyTable };
  private readonly prefixLengths = new LengthCounts();
  private readonly suffixLengths = new LengthCounts();
  private readonly infixLengths = new LengthCounts();
  private readonly infixStarts: InfixStart[] = [];
  private gramCount = 0;
  /** Hash of the value that was looked up last. */
  hash = 0;

  constructor(growth: Growth) {
    this.tables = {
      prefix: new KeyTable(growth),
      suffix: new KeyTable(growth),
      infix: new KeyTable(growth),
      gram: new KeyTable(growth),
    };
  }

  /** Appends the numbers of templates that the value may match to `found`, which holds `from`; answers how many it holds then. */
  collect(value: string, found: number[], from: number): number {
    let count = this.collectPrefixes(value, found, from);
    for (const start of this.infixStarts) count = this.collectInfixes(start, value, found, count);
    if (this.suffixLengths.longest > 0) count = this.collectSuffixes(value, found, count);
    if (this.gramCount > 0) count = this.collectGrams(value, found, count);
    return count;
  }

  /** Adds a template under the key that fewest share, so that none is slow for all; answers false where all are full. */
  add(number: number, literals: TemplateLiterals): boolean {
    const key = this.chooseKey(literals);
    if (key === undefined) return false;
    if (!this.tableOf(key).add(key.hash, number)) return false;
    this.keys.set(number, key);
    if (key.kind === 'prefix') this.prefixLengths.add(key.length);
    else if (key.kind === 'suffix') this.suffixLengths.add(key.length);
    else if (key.kind === 'gram') this.gramCount++;
    else this.addInfix(key);
    return true;
  }

  /** Removes a template; passes over one that has no key here. */
  remove(number: number): void {
    const key = this.keys.get(number);
    if (key === undefined) return;
    this.keys.delete(number);
    this.tableOf(key).remove(key.hash, number);
    if (key.kind === 'prefix') this.prefixLengths.remove(key.length);
    else if (key.kind === 'suffix') this.suffixLengths.remove(key.length);
    else if (key.kind === 'gram') this.gramCount--;
    else this.removeInfix(key);
  }

  private tableOf({ kind }: Key): KeyTable {
    return this.tables[kind];
  }

  private addInfix({ start, length }: Key): void {
    if (start === undefined) return;
    if (start.templates++ === 0) this.infixStarts.push(start);
    this.infixLengths.add(length);
  }

  private removeInfix({ start, length }: Key): void {
    if (start === undefined) return;
    if (--start.templates === 0) this.infixStarts.splice(this.infixStarts.indexOf(start), 1);
    this.infixLengths.remove(length);
  }

  private collectPrefixes(value: string, found: number[], from: number): number {
    const { present, longest } = this.prefixLengths;
    const end = Math.min(longest, value.length);
    let count = from;
    let hash = 0;
    let i = 0;
    while (i < end) {
      hash = extendHash(hash, value.charCodeAt(i));
      if (present[++i] === 1) count = this.tables.prefix.collect(hash, found, count);
    }
    for (; i < value.length; i++) hash = extendHash(hash, value.charCodeAt(i));
    this.hash = hash;
    return count;
  }

  private collectSuffixes(value: string, found: number[], from: number): number {
    const { present, longest } = this.suffixLengths;
    const end = Math.min(longest, value.length);
    let count = from;
    let hash = 0;
    for (let i = 0; i < end;) {
      hash = extendHash(hash, value.charCodeAt(value.length - 1 - i));
      if (present[++i] === 1) count = this.tables.suffix.collect(hash, found, count);
    }
    return count;
  }

  private collectInfixes({ prefixLength, excluded }: InfixStart, value: string, found: number[], from: number): number {
    const place = value.indexOf(excluded, prefixLength);
    if (place < 0) return from;
    const { present, longest } = this.infixLengths;
    const end = Math.min(longest, value.length - place);
    let count = from;
    let hash = prefixLength;
    for (let i = 0; i < end;) {
      hash = extendHash(hash, value.charCodeAt(place + i));
      if (present[++i] === 1) count = this.tables.infix.collect(hash, found, count);
    }
    return count;
  }

  private collectGrams(value: string, found: number[], from: number): number {
    let count = from;
    for (let i = 0; i + gramLength <= value.length; i++) {
      count = this.tables.gram.collect(hashGram(value, i), found, count);
    }
    return count;
  }

  private chooseKey({ prefix, suffix, all, infix }: TemplateLiterals): Key | undefined {
    let best: Key | undefined;
    let fewest = maxTemplatesPerKey;
    const offer = (key: Key): void => {
      const count = this.tableOf(key).count(key.hash);
      if (count >= fewest) return;
      best = key;
      fewest = count;
    };
    if (prefix !== '') offer({ kind: 'prefix', hash: hashForwards(prefix), length: prefix.length });
    if (suffix !== '') offer({ kind: 'suffix', hash: hashBackwards(suffix), length: suffix.length });
    if (infix !== undefined) {
      const start = this.infixStartOf(prefix.length, infix.excluded);
      const hash = hashFrom(prefix.length, infix.text);
      if (start !== undefined) offer({ kind: 'infix', hash, length: infix.text.length, start });
    }
    // Grams are looked for at every place of a value; they are worth it only where the ends do not tell apart.
    if (fewest < maxTemplatesPerKey / 2) return best;
    for (const literal of all) {
      for (let i = 0; i + gramLength <= literal.length; i++) {
        offer({ kind: 'gram', hash: hashGram(literal, i), length: gramLength });
      }
    }
    return best;
  }

  /** The start as it is known, or a new one; undefined when there are as many as there may be. */
  private infixStartOf(prefixLength: number, excluded: string): InfixStart | undefined {
    const known = this.infixStarts.find((one) => one.prefixLength === prefixLength && one.excluded === excluded);
    if (known !== undefined) return known;
    return this.infixStarts.length < maxInfixStarts ? { prefixLength, excluded, templates: 0 } : undefined;
  }
}
