import { KeyTable } from './key-table.js';
import { hashForwards } from './text-hash.js';

/** Numbers by text, several under one where need be. No number is zero. What is found under a hash is to be verified. */
export class TextTable {
  private readonly keys = new KeyTable();
  /** What had no room there: texts made to share a hash. */
  private readonly crowded = new Map<string, readonly number[]>();

  /** Appends the candidates for a text of this hash to `found`, which holds `from`; answers how many it holds then. */
  collect(text: string, hash: number, found: number[], from: number): number {
    let count = this.keys.collect(hash, found, from);
    if (this.crowded.size > 0) for (const number of this.crowded.get(text) ?? []) found[count++] = number;
    return count;
  }

  add(text: string, hash: number, number: number): void {
    if (this.keys.add(hash, number)) return;
    this.crowded.set(text, [...(this.crowded.get(text) ?? []), number]);
  }

  remove(text: string, number: number): void {
    const crowded = this.crowded.get(text);
    if (crowded?.includes(number) !== true) {
      this.keys.remove(hashForwards(text), number);
      return;
    }
    const left = crowded.filter((other) => other !== number);
    if (left.length === 0) this.crowded.delete(text);
    else this.crowded.set(text, left);
  }
}
