/** From here on tables grow by a quarter rather than double: room that is not used yet is memory all the same. */
const large = 1 << 12;

/** From so many policies on, what they need tells what the rest of a load will. */
const sample = 256;
/** A load may turn out to be another than it began. */
const maxFactor = 4;
const leastFactor = 1.05;
const margin = 1.03;

/**
 * How much longer a table becomes that is full: one for all tables of an index, which fill together. While many policies
 * are taken over, tables grow to what all of them will need if the rest is like those so far: each table that is given
 * up on the way is memory until the collector comes, and enough of it makes it come.
 */
export class Growth {
  private done = 0;
  private total = 0;

  /** So many policies are in, of so many that there will be. */
  report(done: number, total: number): void {
    this.done = done;
    this.total = total;
  }

  /** The length that comes next. */
  longer(length: number): number {
    if (this.done >= sample && this.done < this.total) {
      const factor = (this.total / this.done) * margin;
      return Math.ceil(length * Math.min(maxFactor, Math.max(leastFactor, factor)));
    }
    return length < large ? length * 2 : length + (length >> 2);
  }
}

/** The same integers with room for more. */
export function extended(cells: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(cells);
  return longer;
}
