import { BitFilter } from './bit-filter.js';

/**
 * Template numbers by the hash of a stretch of text. Different texts may share a hash: whoever looks up gets candidates,
 * which are verified by matching.
 */
export class KeyTable {
  private readonly numbers = new Map<number, number | number[]>();
  private readonly filter = new BitFilter();

  /** How many numbers stand under a hash. */
  count(hash: number): number {
    const found = this.numbers.get(hash);
    if (found === undefined) return 0;
    return typeof found === 'number' ? 1 : found.length;
  }

  /** What stands under a hash: nothing, one number, or several. */
  find(hash: number): number | readonly number[] | undefined {
    return this.filter.mayHold(hash) ? this.numbers.get(hash) : undefined;
  }

  add(hash: number, number: number): void {
    const found = this.numbers.get(hash);
    if (found === undefined) this.insert(hash, number);
    else if (typeof found === 'number') this.numbers.set(hash, [found, number]);
    else found.push(number);
  }

  private insert(hash: number, number: number): void {
    this.numbers.set(hash, number);
    this.filter.add(hash);
    if (!this.filter.isFull) return;
    this.filter.reset(this.numbers.size);
    for (const known of this.numbers.keys()) this.filter.add(known);
  }

  remove(hash: number, number: number): void {
    const found = this.numbers.get(hash);
    if (typeof found !== 'object') {
      if (found === number) this.numbers.delete(hash);
      return;
    }
    found.splice(found.indexOf(number), 1);
    if (found.length === 1) this.numbers.set(hash, found[0] ?? 0);
  }
}

/** Continues a hash with one more UTF-16 unit. */
export function extendHash(hash: number, unit: number): number {
  return (Math.imul(hash, 31) + unit) | 0;
}

/** Hash of a text from its begin. */
export function hashForwards(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = extendHash(hash, text.charCodeAt(i));
  return hash;
}

/** Hash of a text from its end. */
export function hashBackwards(text: string): number {
  let hash = 0;
  for (let i = text.length - 1; i >= 0; i--) hash = extendHash(hash, text.charCodeAt(i));
  return hash;
}

/** Units in a gram. */
export const gramLength = 3;

/** Hash of the gram at a place. */
export function hashGram(text: string, at: number): number {
  return extendHash(extendHash(extendHash(0, text.charCodeAt(at)), text.charCodeAt(at + 1)), text.charCodeAt(at + 2));
}
