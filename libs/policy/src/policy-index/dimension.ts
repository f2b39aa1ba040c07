import { compileTemplate, type Template } from '../template.js';
import { extended, grownLength } from './growth.js';
import { StretchTable } from './stretch-table.js';
import { hashForwards } from './text-hash.js';
import { TextTable } from './text-table.js';

/** The number that stands for every template without a key: policies under it are verified template by template. */
export const loose = 0;

/** What matching costs; so many are as much as looking at one policy. Whole numbers, which no object is made for. */
export const costPerPolicy = 4;
const segmentsCost = 1;
const expressionCost = 16;

const noMatch = 0;
const isMatch = 1;
/** Epochs that a verdict can name; then all are forgotten. */
const lastEpoch = 2 ** 30 - 1;

// Bits of what is known of a template.
const isLoose = 1;
const isBroken = 2;
const isExpression = 4;
/** It is found by each of its few values. */
const hasValues = 8;

/** Numbers that may be a template's; finding one never nests. */
const candidates: number[] = [];

/**
 * The distinct templates of one list of all policies (subjects, actions or resources), numbered, and found by what a
 * value must be, begin with, end with or hold. Numbers are used again after their last policy is gone.
 */
export class Dimension {
  private readonly texts: string[] = [''];
  /** Undefined for a template of literal text alone. */
  private readonly matchers: (((value: string) => boolean) | undefined)[] = [undefined];
  private kinds = new Uint8Array(64);
  private references = new Int32Array(64);
  private readonly free: number[] = [];
  private readonly values = new Map<number, readonly string[]>();

  /** Templates by their own text, and by each of their few values. */
  private readonly byText = new TextTable();
  private readonly byStretch = new StretchTable();

  private value = '';
  private epoch = 0;
  /** Verdicts on the current value: epoch * 2 + verdict. */
  private verdicts = new Int32Array(64);
  /** Cost of the matching done since it was last set to zero, in parts of `costPerPolicy`. */
  cost = 0;

  /** The number of a template, which is compiled when it is new. */
  acquire(text: string): number {
    const hash = hashForwards(text);
    const number = this.numberOf(text, hash) ?? this.insert(text, hash);
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
    return this.is(number, isLoose) ? loose : number;
  }

  /** Whether the template could not be compiled. It matches everything: it might have. */
  isBroken(number: number): boolean {
    return this.is(number, isBroken);
  }

  /** Starts on a value: `matches` speaks of it from now on. */
  begin(value: string): void {
    this.value = value;
    if (this.epoch === lastEpoch) {
      this.verdicts.fill(0);
      this.epoch = 0;
    }
    this.epoch++;
  }

  /**
   * Puts into `found` every number that a template matching the current value can be found under, `loose` first and
   * literal texts last; answers how many. Costs the length of the value and what it finds. What our own matcher says no
   * to is left out; expressions cost more, and are asked when something depends on them, as are texts, whose hash says
   * nearly all.
   */
  lookUp(found: number[]): number {
    const { value } = this;
    found[0] = loose;
    const count = this.byStretch.collect(value, found, 1);
    let kept = 1;
    for (let i = 1; i < count; i++) {
      const number = found[i] ?? loose;
      if (this.is(number, isExpression) || this.matches(number)) found[kept++] = number;
    }
    return this.byText.collect(value, this.byStretch.hash, found, kept);
  }

  /** Whether the template matches the current value; each is asked once per value. */
  matches(number: number): boolean {
    const known = (this.verdicts[number] ?? 0) - this.epoch * 2;
    if (known >= noMatch) return known === isMatch;
    const matcher = this.matchers[number];
    let verdict: boolean;
    if (matcher === undefined) {
      verdict = this.texts[number] === this.value;
    } else {
      this.cost += this.is(number, isExpression) ? expressionCost : segmentsCost;
      verdict = matcher(this.value);
    }
    this.verdicts[number] = this.epoch * 2 + (verdict ? isMatch : noMatch);
    return verdict;
  }

  private is(number: number, kind: number): boolean {
    return ((this.kinds[number] ?? 0) & kind) !== 0;
  }

  private numberOf(text: string, hash: number): number | undefined {
    const count = this.byText.collect(text, hash, candidates, 0);
    for (let i = 0; i < count; i++) if (this.texts[candidates[i] ?? 0] === text) return candidates[i];
    return undefined;
  }

  private insert(text: string, hash: number): number {
    const number = this.free.pop() ?? this.texts.length;
    this.growTo(number);
    const template = tryCompile(text);
    this.texts[number] = text;
    this.matchers[number] = matcherOf(template);
    this.kinds[number] = this.addKeys(number, template);
    this.byText.add(text, hash, number);
    return number;
  }

  /** Makes the template findable by values; answers what is known of it. */
  private addKeys(number: number, template: Template | undefined): number {
    if (template === undefined) return isLoose | isBroken;
    if (template.kind === 'exact') return 0;
    if (template.values !== undefined) {
      this.values.set(number, template.values);
      for (const value of template.values) this.byText.add(value, hashForwards(value), number);
      return hasValues;
    }
    const kind = template.kind === 'expression' ? isExpression : 0;
    return this.byStretch.add(number, template.literals) ? kind : kind | isLoose;
  }

  private drop(number: number): void {
    this.byText.remove(this.texts[number] ?? '', number);
    if (this.is(number, hasValues))
      for (const value of this.values.get(number) ?? []) this.byText.remove(value, number);
    this.values.delete(number);
    this.byStretch.remove(number);
    this.texts[number] = '';
    this.matchers[number] = undefined;
    this.kinds[number] = 0;
    this.verdicts[number] = 0;
    this.free.push(number);
  }

  private growTo(number: number): void {
    if (number < this.references.length) return;
    const length = grownLength(this.references.length);
    this.references = extended(this.references, length);
    this.verdicts = extended(this.verdicts, length);
    const kinds = new Uint8Array(length);
    kinds.set(this.kinds);
    this.kinds = kinds;
  }
}

function matcherOf(template: Template | undefined): ((value: string) => boolean) | undefined {
  if (template === undefined) return () => true;
  return template.kind === 'exact' ? undefined : template.matches;
}

function tryCompile(text: string): Template | undefined {
  try {
    return compileTemplate(text);
  } catch {
    // Whatever the reason: one policy that cannot be compiled must not stop the decisions that it does not concern.
    return undefined;
  }
}
