import { BitFilter } from './bit-filter.js';
import { grownLength } from './growth.js';
import { homeOf, spread } from './text-hash.js';

const fields = 2;
const smallest = 16;

/** How far from its home an entry may be put: no lookup looks at more, whatever hashes somebody thinks up. */
const maxDistance = 64;
/** How many entries may make room for a new one. */
const maxMoved = 1024;
/** Places behind the last home, with what rounding may add when the table grows, and one that stays empty. */
const spare = maxDistance + 4;

/**
 * Numbers by the hash of a text, several under one hash where need be: an open-addressed table of integers (spread hash,
 * number), in which no number is zero. Different texts may share a hash: whoever looks up gets candidates, to be
 * verified.
 *
 * Entries stand in the order of their spread hashes, each at its home or as near behind it as those before it let: so
 * none is far from home although four places of five are taken, and the table grows in one pass from begin to end.
 */
export class KeyTable {
  private size = smallest;
  private cells = new Int32Array((smallest + spare) * fields);
  private used = 0;
  private readonly filter = new BitFilter();

  /** Appends the numbers under a hash to `found`, which holds `from`; answers how many it holds then. */
  collect(hash: number, found: number[], from: number): number {
    const key = spread(hash);
    if (!this.filter.mayHold(key)) return from;
    const { cells } = this;
    let count = from;
    for (let entry = homeOf(key, this.size) * fields; cells[entry + 1] !== 0; entry += fields) {
      const other = cells[entry] ?? 0;
      if (other > key) break;
      if (other === key) found[count++] = cells[entry + 1] ?? 0;
    }
    return count;
  }

  /** How many numbers stand under a hash. */
  count(hash: number): number {
    return this.collect(hash, [], 0);
  }

  /** Adds a number under a hash; answers false, and does nothing, where it or another would be too far from its home. */
  add(hash: number, number: number): boolean {
    if ((this.used + 1) * 5 > this.size * 4) this.grow();
    const key = spread(hash);
    const home = homeOf(key, this.size);
    const place = this.placeBehind(key, home);
    const end = this.endOfMoved(place);
    if (end < 0 || place - home >= maxDistance) return false;
    const { cells } = this;
    cells.copyWithin((place + 1) * fields, place * fields, end * fields);
    cells[place * fields] = key;
    cells[place * fields + 1] = number;
    this.used++;
    this.filter.add(key);
    if (this.filter.isFull) this.refillFilter();
    return true;
  }

  /** Removes a number from a hash; answers false where it is not there. */
  remove(hash: number, number: number): boolean {
    const { cells } = this;
    const key = spread(hash);
    for (let entry = homeOf(key, this.size) * fields; cells[entry + 1] !== 0; entry += fields) {
      if ((cells[entry] ?? 0) > key) return false;
      if (cells[entry] !== key || cells[entry + 1] !== number) continue;
      this.removeAt(entry / fields);
      return true;
    }
    return false;
  }

  /** Where an entry with this key belongs: behind all whose key is not greater. */
  private placeBehind(key: number, home: number): number {
    const { cells } = this;
    let place = home;
    while (cells[place * fields + 1] !== 0 && (cells[place * fields] ?? 0) <= key) place++;
    return place;
  }

  /** The empty place up to which entries move on when one is put before them; -1 where one of them cannot. */
  private endOfMoved(from: number): number {
    const { cells } = this;
    let place = from;
    for (; cells[place * fields + 1] !== 0; place++) {
      const distance = place - homeOf(cells[place * fields] ?? 0, this.size);
      if (distance + 1 >= maxDistance || place - from >= maxMoved) return -1;
    }
    return place;
  }

  /** Removes an entry and moves those behind it up until one stands at its home, so that no search stops short of them. */
  private removeAt(place: number): void {
    const { cells } = this;
    let end = place + 1;
    while (cells[end * fields + 1] !== 0 && homeOf(cells[end * fields] ?? 0, this.size) < end) end++;
    cells.copyWithin(place * fields, (place + 1) * fields, end * fields);
    cells.fill(0, (end - 1) * fields, end * fields);
    this.used--;
  }

  /** Homes move apart, so that no entry is farther from its own afterwards, but for two places that rounding may make. */
  private grow(): void {
    const old = this.cells;
    this.size = grownLength(this.size);
    const cells = new Int32Array((this.size + spare) * fields);
    let next = 0;
    for (let entry = 0; entry < old.length; entry += fields) {
      const number = old[entry + 1] ?? 0;
      if (number === 0) continue;
      const key = old[entry] ?? 0;
      next = Math.max(next, homeOf(key, this.size) * fields);
      cells[next] = key;
      cells[next + 1] = number;
      next += fields;
    }
    this.cells = cells;
  }

  private refillFilter(): void {
    const { cells } = this;
    this.filter.reset(this.used);
    for (let entry = 0; entry < cells.length; entry += fields) {
      if (cells[entry + 1] !== 0) this.filter.add(cells[entry] ?? 0);
    }
  }
}
