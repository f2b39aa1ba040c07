import { BitFilter } from './bit-filter.js';
import { spread } from './text-hash.js';

const fields = 2;

/** How far from its home an entry may stand: no lookup looks at more, whatever hashes somebody thinks up. */
const maxDistance = 64;

/**
 * Numbers by the hash of a text, several under one hash where need be: an open-addressed table of integers (hash,
 * number), in which no number is zero. Different texts may share a hash: whoever looks up gets candidates, to be
 * verified. Every operation but growing looks at 64 entries at most.
 */
export class KeyTable {
  private cells = new Int32Array(64 * fields);
  private used = 0;
  private readonly filter = new BitFilter();

  /** Appends the numbers under a hash to `found`, which holds `from`; answers how many it holds then. */
  collect(hash: number, found: number[], from: number): number {
    if (!this.filter.mayHold(hash)) return from;
    const { cells } = this;
    const last = cells.length / fields - 1;
    let count = from;
    for (let place = spread(hash) & last, left = maxDistance; left > 0; place = (place + 1) & last, left--) {
      const number = cells[place * fields + 1] ?? 0;
      if (number === 0) break;
      if (cells[place * fields] === hash) found[count++] = number;
    }
    return count;
  }

  /** How many numbers stand under a hash. */
  count(hash: number): number {
    return this.collect(hash, [], 0);
  }

  /** Adds a number under a hash; answers false, and does nothing, where it would be too far from its home. */
  add(hash: number, number: number): boolean {
    if ((this.used + 1) * 5 > (this.cells.length / fields) * 3) this.grow();
    if (!this.place(hash, number)) return false;
    this.used++;
    this.filter.add(hash);
    if (this.filter.isFull) this.refillFilter();
    return true;
  }

  /** Removes a number from a hash; answers false where it is not there. */
  remove(hash: number, number: number): boolean {
    const { cells } = this;
    const last = cells.length / fields - 1;
    for (let place = spread(hash) & last, left = maxDistance; left > 0; place = (place + 1) & last, left--) {
      const other = cells[place * fields + 1];
      if (other === 0) return false;
      if (other !== number || cells[place * fields] !== hash) continue;
      this.removeAt(place);
      return true;
    }
    return false;
  }

  private place(hash: number, number: number): boolean {
    const { cells } = this;
    const last = cells.length / fields - 1;
    let place = spread(hash) & last;
    for (let left = maxDistance; left > 0; place = (place + 1) & last, left--) {
      if (cells[place * fields + 1] !== 0) continue;
      cells[place * fields] = hash;
      cells[place * fields + 1] = number;
      return true;
    }
    return false;
  }

  /**
   * Entries are taken over in the order in which they stand, from behind a gap on: then none finds its place farther
   * from home than it was, since those before it have moved up or stayed.
   */
  private grow(): void {
    const old = this.cells;
    const last = old.length / fields - 1;
    let gap = 0;
    while (old[gap * fields + 1] !== 0) gap++;
    this.cells = new Int32Array(old.length * 2);
    for (let i = 1; i <= last; i++) {
      const entry = ((gap + i) & last) * fields;
      const number = old[entry + 1] ?? 0;
      if (number !== 0) this.place(old[entry] ?? 0, number);
    }
  }

  private refillFilter(): void {
    const { cells } = this;
    this.filter.reset(this.used);
    for (let entry = 0; entry < cells.length; entry += fields) {
      if (cells[entry + 1] !== 0) this.filter.add(cells[entry] ?? 0);
    }
  }

  /** Removes an entry and moves those behind it up, so that no search stops short of them. */
  private removeAt(place: number): void {
    const { cells } = this;
    const last = cells.length / fields - 1;
    let hole = place;
    for (let next = (hole + 1) & last; cells[next * fields + 1] !== 0; next = (next + 1) & last) {
      const home = spread(cells[next * fields] ?? 0) & last;
      // It may move up unless its home lies between the hole and itself.
      if (((next - home) & last) < ((next - hole) & last)) continue;
      cells.copyWithin(hole * fields, next * fields, (next + 1) * fields);
      hole = next;
    }
    cells.fill(0, hole * fields, (hole + 1) * fields);
    this.used--;
  }
}
