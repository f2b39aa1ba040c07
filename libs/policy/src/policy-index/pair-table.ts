import { BitFilter } from './bit-filter.js';
import type { Growth } from './growth.js';
import { capacityOf, type IntArena } from './int-arena.js';
import { homeOf, spread } from './text-hash.js';

const fields = 4;
const smallest = 16;
const entryFields = 2;

/** Set in the last field of a row that holds a policy itself; the other bits are the action mask of that. */
const single = 1 << 31;
/** The bits that an action mask has. */
export const actionBits = 31;

/**
 * Policies by a pair of template numbers, one of a resource and one of a subject: an open-addressed table of integers.
 * One policy stands in its row as (resource, subject, policy, single | action mask); for more a row is (resource,
 * subject, where, count), and they stand side by side in a block of the arena as (policy, action mask).
 */
export class PairTable {
  rows = new Int32Array(smallest * fields);
  private size = smallest;
  private used = 0;
  private readonly filter = new BitFilter();

  private readonly hash: PairHash;

  /** `seed`: where rows stand hangs on it; whoever writes policies must not know it. */
  constructor(
    private readonly arena: IntArena,
    private readonly growth: Growth,
    seed: number,
  ) {
    this.hash = new PairHash(seed);
  }

  /** Index of the row's first field, or -1. */
  find(resource: number, subject: number): number {
    const hashed = this.hash.of(resource, subject);
    if (!this.filter.mayHold(hashed)) return -1;
    const { rows } = this;
    for (let row = homeOf(hashed, this.size) * fields; ; row = row + fields < rows.length ? row + fields : 0) {
      if (rows[row + 3] === 0) return -1;
      if (rows[row] === resource && rows[row + 1] === subject) return row;
    }
  }

  /** The policies under a pair. */
  policiesUnder(resource: number, subject: number): readonly number[] {
    const row = this.find(resource, subject);
    if (row < 0) return [];
    const where = this.rows[row + 2] ?? 0;
    if (this.holdsOne(row)) return [where];
    return Array.from({ length: this.countOf(row) }, (_, i) => this.arena.cells[where + i * entryFields] ?? 0);
  }

  /** Whether the row holds a policy itself: its number and its mask are in the last two fields. */
  holdsOne(row: number): boolean {
    return (this.rows[row + 3] ?? 0) < 0;
  }

  /** Adds a policy that is not under this pair yet, with its action mask. */
  add(resource: number, subject: number, policy: number, mask: number): void {
    const row = this.find(resource, subject);
    if (row >= 0) this.append(row, policy, mask);
    else this.write(this.addRow(resource, subject), policy, mask | single);
  }

  /** Removes a policy; passes over one that is not there. */
  remove(resource: number, subject: number, policy: number): void {
    const row = this.find(resource, subject);
    if (row < 0) return;
    const where = this.rows[row + 2] ?? 0;
    if (this.holdsOne(row)) {
      if (where === policy) this.removeRow(row / fields);
      return;
    }
    const count = this.countOf(row);
    const { cells } = this.arena;
    const end = where + count * entryFields;
    let entry = where;
    while (entry < end && cells[entry] !== policy) entry += entryFields;
    if (entry === end) return;
    cells.copyWithin(entry, end - entryFields, end);
    if (count === 2) {
      this.write(row, cells[where] ?? 0, (cells[where + 1] ?? 0) | single);
      this.arena.release(where, count * entryFields);
    } else {
      this.write(row, this.move(where, count, count - 1), count - 1);
    }
  }

  private countOf(row: number): number {
    return this.holdsOne(row) ? 1 : (this.rows[row + 3] ?? 0);
  }

  private write(row: number, where: number, what: number): void {
    this.rows[row + 2] = where;
    this.rows[row + 3] = what;
  }

  private append(row: number, policy: number, mask: number): void {
    const { arena } = this;
    const count = this.countOf(row);
    let where = this.rows[row + 2] ?? 0;
    if (this.holdsOne(row)) {
      const first = where;
      where = arena.allocate(2 * entryFields);
      arena.cells[where] = first;
      arena.cells[where + 1] = (this.rows[row + 3] ?? 0) & ~single;
    } else {
      where = this.move(where, count, count + 1);
    }
    arena.cells[where + count * entryFields] = policy;
    arena.cells[where + count * entryFields + 1] = mask;
    this.write(row, where, count + 1);
  }

  /** Where a block stands once it has room for another count; it moves only when its size class changes. */
  private move(where: number, from: number, to: number): number {
    const { arena } = this;
    if (capacityOf(from * entryFields) === capacityOf(to * entryFields)) return where;
    const target = arena.allocate(to * entryFields);
    arena.cells.copyWithin(target, where, where + Math.min(from, to) * entryFields);
    arena.release(where, from * entryFields);
    return target;
  }

  private addRow(resource: number, subject: number): number {
    if ((this.used + 1) * 4 > this.size * 3) this.grow();
    // Before the row stands: one without policies counts as empty.
    if (this.filter.isFull) this.refillFilter();
    this.used++;
    this.filter.add(this.hash.of(resource, subject));
    return this.place(resource, subject);
  }

  private refillFilter(): void {
    const { rows } = this;
    this.filter.reset(this.used);
    for (let row = 0; row < rows.length; row += fields) {
      if (rows[row + 3] !== 0) this.filter.add(this.hash.of(rows[row] ?? 0, rows[row + 1] ?? 0));
    }
  }

  private place(resource: number, subject: number): number {
    const { rows } = this;
    let place = homeOf(this.hash.of(resource, subject), this.size);
    while (rows[place * fields + 3] !== 0) place = this.next(place);
    rows[place * fields] = resource;
    rows[place * fields + 1] = subject;
    return place * fields;
  }

  private next(place: number): number {
    return place + 1 < this.size ? place + 1 : 0;
  }

  /** How many places it is from one on to another. */
  private distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.size;
  }

  /** Rows stand nearly in the order of their hashes, in the longer table as well: it is written from begin to end. */
  private grow(): void {
    const old = this.rows;
    this.size = this.growth.longer(this.size);
    this.rows = new Int32Array(this.size * fields);
    for (let row = 0; row < old.length; row += fields) {
      const what = old[row + 3] ?? 0;
      if (what !== 0) this.write(this.place(old[row] ?? 0, old[row + 1] ?? 0), old[row + 2] ?? 0, what);
    }
  }

  /** Removes a row and moves those behind it up, so that no search stops short of them. */
  private removeRow(place: number): void {
    const { rows } = this;
    let hole = place;
    for (let next = this.next(hole); rows[next * fields + 3] !== 0; next = this.next(next)) {
      const home = homeOf(this.hash.of(rows[next * fields] ?? 0, rows[next * fields + 1] ?? 0), this.size);
      // It may move up unless its home lies between the hole and itself.
      if (this.distance(home, next) < this.distance(hole, next)) continue;
      rows.copyWithin(hole * fields, next * fields, (next + 1) * fields);
      hole = next;
    }
    rows.fill(0, hole * fields, (hole + 1) * fields);
    this.used--;
  }
}

/**
 * Hashes pairs of template numbers. Numbers are given out in the order in which templates come: with factors that anybody
 * knew, policies could be written whose rows stand in one long run, which every look-up among them would have to walk.
 */
export class PairHash {
  private readonly resourceFactor: number;
  private readonly subjectFactor: number;

  constructor(seed: number) {
    this.resourceFactor = (0x9e3779b1 ^ (seed << 1)) | 0;
    this.subjectFactor = (0x85ebca6b ^ (spread(seed) << 1)) | 0;
  }

  /** Spread over all bits. */
  of(resource: number, subject: number): number {
    return spread(Math.imul(resource, this.resourceFactor) ^ Math.imul(subject, this.subjectFactor));
  }
}
