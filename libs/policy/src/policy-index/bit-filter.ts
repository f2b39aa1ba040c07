const bitsPerHash = 16;
const smallest = 1024;

/**
 * Says of most hashes that are not in a table that they are not, in one look at few bytes, where the table itself would
 * be a walk through memory. What was removed stays in it until it is filled anew. Hashes must be spread.
 */
export class BitFilter {
  private words = new Int32Array(smallest / 32);
  private last = smallest - 1;
  private added = 0;

  /** False only for a hash that was not added. */
  mayHold(hash: number): boolean {
    const bit = hash & this.last;
    return (((this.words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) !== 0;
  }

  /** Whether it has taken so many that it should be filled anew. */
  get isFull(): boolean {
    return this.added * bitsPerHash > this.last;
  }

  add(hash: number): void {
    const bit = hash & this.last;
    const word = bit >>> 5;
    this.words[word] = (this.words[word] ?? 0) | (1 << (bit & 31));
    this.added++;
  }

  /** Forgets everything and makes room for twice as many hashes. */
  reset(count: number): void {
    let size = smallest;
    while (size < 2 * count * bitsPerHash) size *= 2;
    this.words = new Int32Array(size / 32);
    this.last = size - 1;
    this.added = 0;
  }
}
