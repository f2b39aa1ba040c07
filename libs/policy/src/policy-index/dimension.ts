import { compileTemplate, type Template } from '../template.js';
import { extendHash, gramLength, hashBackwards, hashForwards, hashGram, KeyTable } from './key-table.js';

/** The number that stands for every template without a key: policies under it are verified template by template. */
export const loose = 0;

/** More templates under one key would make every lookup of it slow; the next one gets another key, or none. */
const maxTemplatesPerKey = 32;

/** What matching costs, in units of looking at one policy. */
const segmentsCost = 0.25;
const expressionCost = 4;

const unknownMatch = 0;
const isMatch = 1;
const noMatch = 2;

/** By what a template is found: nothing but its text, each of its few values, a stretch of it, or not at all. */
type Key =
  | { readonly kind: 'text' | 'values' | 'none' }
  | { readonly kind: 'prefix' | 'suffix'; readonly hash: number; readonly length: number }
  | { readonly kind: 'gram'; readonly hash: number };

const textKey: Key = { kind: 'text' };
const valuesKey: Key = { kind: 'values' };
const noKey: Key = { kind: 'none' };

/**
 * The distinct templates of one list of all policies (subjects, actions or resources), numbered, and found by what a
 * value must begin with, end with or hold. Numbers are used again after their last policy is gone.
 */
export class Dimension {
  private readonly numbers = new Map<string, number>();
  private readonly texts: string[] = [''];
  /** Undefined for a template of literal text alone. */
  private readonly matchers: (((value: string) => boolean) | undefined)[] = [undefined];
  private readonly costs: number[] = [0];
  private readonly keys: Key[] = [noKey];
  private readonly values = new Map<number, readonly string[]>();
  private readonly broken = new Set<number>();
  private references = new Int32Array(64);
  private readonly free: number[] = [];

  private readonly byValue = new Map<string, number[]>();
  private readonly byPrefix = new KeyTable();
  private readonly bySuffix = new KeyTable();
  private readonly byGram = new KeyTable();
  private readonly prefixLengths = new LengthCounts();
  private readonly suffixLengths = new LengthCounts();
  private grams = 0;

  private value = '';
  private epoch = 0;
  /** Verdicts on the current value: epoch * 4 + verdict. */
  private verdicts = new Float64Array(64);
  /** Cost of the matching done since it was last set to zero. */
  cost = 0;

  /** The number of a template, which is compiled when it is new. */
  acquire(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.free.pop() ?? this.texts.length;
      this.insert(number, text);
    }
    this.references[number] = (this.references[number] ?? 0) + 1;
    return number;
  }

  /** Gives up one use of a template. */
  release(number: number): void {
    const left = (this.references[number] ?? 0) - 1;
    this.references[number] = left;
    if (left === 0) this.drop(number);
  }

  /** The number under which policies with this template are found: its own, or `loose`. */
  keyOf(number: number): number {
    return this.keys[number]?.kind === 'none' ? loose : number;
  }

  /** Whether the template could not be compiled. It matches everything: it might have. */
  isBroken(number: number): boolean {
    return this.broken.has(number);
  }

  textOf(number: number): string {
    return this.texts[number] ?? '';
  }

  /** Starts on a value: `matches` speaks of it from now on. */
  begin(value: string): void {
    this.value = value;
    this.epoch++;
  }

  /**
   * Puts into `found` every number that a template matching the current value can be found under, `loose` first; answers
   * how many. What our own matcher says no to is left out; expressions cost more, and are asked when something depends
   * on them.
   */
  lookUp(found: number[]): number {
    const { value } = this;
    found[0] = loose;
    let count = 1;
    const exact = this.numbers.get(value);
    if (exact !== undefined && this.matchers[exact] === undefined) count = this.take(exact, found, count);
    const choices = this.byValue.size === 0 ? undefined : this.byValue.get(value);
    if (choices !== undefined) for (const number of choices) count = this.take(number, found, count);
    if (this.prefixLengths.longest > 0) count = this.lookUpPrefixes(value, found, count);
    if (this.suffixLengths.longest > 0) count = this.lookUpSuffixes(value, found, count);
    if (this.grams > 0) count = this.lookUpGrams(value, found, count);
    return count;
  }

  /** Whether the template matches the current value; each is asked once per value. */
  matches(number: number): boolean {
    const known = (this.verdicts[number] ?? 0) - this.epoch * 4;
    if (known > unknownMatch) return known === isMatch;
    const matcher = this.matchers[number];
    this.cost += this.costs[number] ?? 0;
    const verdict = matcher === undefined ? this.texts[number] === this.value : matcher(this.value);
    this.verdicts[number] = this.epoch * 4 + (verdict ? isMatch : noMatch);
    return verdict;
  }

  private lookUpPrefixes(value: string, found: number[], from: number): number {
    const { present, longest } = this.prefixLengths;
    const end = Math.min(longest, value.length);
    let count = from;
    let hash = 0;
    for (let i = 0; i < end;) {
      hash = extendHash(hash, value.charCodeAt(i));
      if (present[++i] === 1) count = this.push(this.byPrefix.find(hash), found, count);
    }
    return count;
  }

  private lookUpSuffixes(value: string, found: number[], from: number): number {
    const { present, longest } = this.suffixLengths;
    const end = Math.min(longest, value.length);
    let count = from;
    let hash = 0;
    for (let i = 0; i < end;) {
      hash = extendHash(hash, value.charCodeAt(value.length - 1 - i));
      if (present[++i] === 1) count = this.push(this.bySuffix.find(hash), found, count);
    }
    return count;
  }

  private lookUpGrams(value: string, found: number[], from: number): number {
    let count = from;
    for (let i = 0; i + gramLength <= value.length; i++) {
      count = this.push(this.byGram.find(hashGram(value, i)), found, count);
    }
    return count;
  }

  /** Appends what a key table found, without what is known not to match. */
  private push(numbers: number | readonly number[] | undefined, found: number[], from: number): number {
    if (numbers === undefined) return from;
    let count = from;
    if (typeof numbers === 'number') {
      if (this.mayMatch(numbers)) found[count++] = numbers;
      return count;
    }
    for (const number of numbers) if (this.mayMatch(number)) found[count++] = number;
    return count;
  }

  /** Appends what is known to match. */
  private take(number: number, found: number[], count: number): number {
    this.verdicts[number] = this.epoch * 4 + isMatch;
    found[count] = number;
    return count + 1;
  }

  private mayMatch(number: number): boolean {
    return (this.costs[number] ?? 0) > segmentsCost || this.matches(number);
  }

  private insert(number: number, text: string): void {
    const template = tryCompile(text);
    this.numbers.set(text, number);
    this.texts[number] = text;
    this.growTo(number);
    if (template === undefined) this.broken.add(number);
    this.matchers[number] = matcherOf(template);
    this.costs[number] = template === undefined || template.kind === 'exact' ? 0 : costOf(template);
    this.keys[number] = template === undefined ? noKey : this.chooseKey(template);
    this.addKey(number, template?.values);
  }

  private drop(number: number): void {
    this.removeKey(number);
    this.numbers.delete(this.textOf(number));
    this.broken.delete(number);
    this.texts[number] = '';
    this.matchers[number] = undefined;
    this.keys[number] = noKey;
    this.verdicts[number] = 0;
    this.free.push(number);
  }

  /** The key under which the fewest stand, so that none is slow for all; none when all are full. */
  private chooseKey({ kind, values, literals: { prefix, suffix, all } }: Template): Key {
    if (kind === 'exact') return textKey;
    if (values !== undefined) return valuesKey;
    let best: Key = noKey;
    let fewest = maxTemplatesPerKey;
    function offer(key: Key, count: number): void {
      if (count >= fewest) return;
      best = key;
      fewest = count;
    }
    if (prefix !== '') {
      const hash = hashForwards(prefix);
      offer({ kind: 'prefix', hash, length: prefix.length }, this.byPrefix.count(hash));
    }
    if (suffix !== '') {
      const hash = hashBackwards(suffix);
      offer({ kind: 'suffix', hash, length: suffix.length }, this.bySuffix.count(hash));
    }
    // Grams are looked for at every place of a value; they are worth it only where the ends do not tell apart.
    if (fewest < maxTemplatesPerKey / 2) return best;
    for (const literal of all) {
      for (let i = 0; i + gramLength <= literal.length; i++) {
        const hash = hashGram(literal, i);
        offer({ kind: 'gram', hash }, this.byGram.count(hash));
      }
    }
    return best;
  }

  private addKey(number: number, values: readonly string[] | undefined): void {
    const key = this.keys[number] ?? noKey;
    if (key.kind === 'prefix') {
      this.byPrefix.add(key.hash, number);
      this.prefixLengths.add(key.length);
    } else if (key.kind === 'suffix') {
      this.bySuffix.add(key.hash, number);
      this.suffixLengths.add(key.length);
    } else if (key.kind === 'gram') {
      this.byGram.add(key.hash, number);
      this.grams++;
    } else if (key.kind === 'values' && values !== undefined) {
      this.values.set(number, values);
      for (const value of values) {
        const numbers = this.byValue.get(value);
        if (numbers === undefined) this.byValue.set(value, [number]);
        else numbers.push(number);
      }
    }
  }

  private removeKey(number: number): void {
    const key = this.keys[number] ?? noKey;
    if (key.kind === 'prefix') {
      this.byPrefix.remove(key.hash, number);
      this.prefixLengths.remove(key.length);
    } else if (key.kind === 'suffix') {
      this.bySuffix.remove(key.hash, number);
      this.suffixLengths.remove(key.length);
    } else if (key.kind === 'gram') {
      this.byGram.remove(key.hash, number);
      this.grams--;
    } else if (key.kind === 'values') {
      for (const value of this.values.get(number) ?? []) {
        const left = (this.byValue.get(value) ?? []).filter((other) => other !== number);
        if (left.length === 0) this.byValue.delete(value);
        else this.byValue.set(value, left);
      }
      this.values.delete(number);
    }
  }

  private growTo(number: number): void {
    if (number < this.references.length) return;
    const length = Math.ceil(this.references.length * 1.5);
    const references = new Int32Array(length);
    references.set(this.references);
    this.references = references;
    const verdicts = new Float64Array(length);
    verdicts.set(this.verdicts);
    this.verdicts = verdicts;
  }
}

/** Which lengths of keys there are. */
class LengthCounts {
  private readonly counts: number[] = [];
  readonly present: number[] = [0];
  longest = 0;

  add(length: number): void {
    while (this.present.length <= length) this.present.push(0);
    this.counts[length] = (this.counts[length] ?? 0) + 1;
    this.present[length] = 1;
    this.longest = Math.max(this.longest, length);
  }

  remove(length: number): void {
    const left = (this.counts[length] ?? 0) - 1;
    this.counts[length] = left;
    if (left > 0) return;
    this.present[length] = 0;
    while (this.longest > 0 && this.present[this.longest] === 0) this.longest--;
  }
}

function matcherOf(template: Template | undefined): ((value: string) => boolean) | undefined {
  if (template === undefined) return () => true;
  return template.kind === 'exact' ? undefined : template.matches;
}

function costOf(template: Template): number {
  return template.kind === 'expression' ? expressionCost : segmentsCost;
}

function tryCompile(text: string): Template | undefined {
  try {
    return compileTemplate(text);
  } catch {
    // Whatever the reason: one policy that cannot be compiled must not stop the decisions that it does not concern.
    return undefined;
  }
}
