import { BitFilter } from './bit-filter.js';
import { capacityOf, type IntArena } from './int-arena.js';

const fields = 4;
const entryFields = 2;

/**
 * Policies by a pair of template numbers, one of a resource and one of a subject: an open-addressed table of integers.
 * A row is (resource, subject, where, count). One policy stands in the row itself; more stand side by side in a block of
 * the arena as (policy, action mask).
 */
export class PairTable {
  rows = new Int32Array(64 * fields);
  private used = 0;
  private readonly filter = new BitFilter();

  constructor(private readonly arena: IntArena) {}

  /** Index of the row's first field, or -1. */
  find(resource: number, subject: number): number {
    const hashed = hash(resource, subject);
    if (!this.filter.mayHold(hashed)) return -1;
    const { rows } = this;
    const last = rows.length / fields - 1;
    for (let place = hashed & last; ; place = (place + 1) & last) {
      const row = place * fields;
      if (rows[row + 3] === 0) return -1;
      if (rows[row] === resource && rows[row + 1] === subject) return row;
    }
  }

  /** The policies under a pair. */
  policiesUnder(resource: number, subject: number): readonly number[] {
    const row = this.find(resource, subject);
    if (row < 0) return [];
    const where = this.rows[row + 2] ?? 0;
    const count = this.rows[row + 3] ?? 0;
    if (count === 1) return [where];
    return Array.from({ length: count }, (_, i) => this.arena.cells[where + i * entryFields] ?? 0);
  }

  /** Adds a policy that is not under this pair yet. `maskOf` answers the action mask of a policy. */
  add(resource: number, subject: number, policy: number, maskOf: (policy: number) => number): void {
    let row = this.find(resource, subject);
    if (row < 0) row = this.addRow(resource, subject);
    const count = this.rows[row + 3] ?? 0;
    if (count === 0) this.rows[row + 2] = policy;
    else this.append(row, count, policy, maskOf);
    this.rows[row + 3] = count + 1;
  }

  /** Removes a policy; passes over one that is not there. */
  remove(resource: number, subject: number, policy: number): void {
    const row = this.find(resource, subject);
    if (row < 0) return;
    const count = this.rows[row + 3] ?? 0;
    const where = this.rows[row + 2] ?? 0;
    if (count === 1) {
      if (where === policy) this.removeRow(row / fields);
      return;
    }
    const { cells } = this.arena;
    const end = where + count * entryFields;
    let entry = where;
    while (entry < end && cells[entry] !== policy) entry += entryFields;
    if (entry === end) return;
    cells.copyWithin(entry, end - entryFields, end);
    if (count === 2) {
      this.rows[row + 2] = cells[where] ?? 0;
      this.arena.release(where, count * entryFields);
    } else {
      this.rows[row + 2] = this.move(where, count, count - 1);
    }
    this.rows[row + 3] = count - 1;
  }

  private append(row: number, count: number, policy: number, maskOf: (policy: number) => number): void {
    const { arena } = this;
    let where = this.rows[row + 2] ?? 0;
    if (count === 1) {
      const first = where;
      where = arena.allocate(2 * entryFields);
      arena.cells[where] = first;
      arena.cells[where + 1] = maskOf(first);
    } else {
      where = this.move(where, count, count + 1);
    }
    arena.cells[where + count * entryFields] = policy;
    arena.cells[where + count * entryFields + 1] = maskOf(policy);
    this.rows[row + 2] = where;
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
    if ((this.used + 1) * 5 > (this.rows.length / fields) * 3) this.grow();
    // Before the row stands: one without policies counts as empty.
    if (this.filter.isFull) this.refillFilter();
    this.used++;
    this.filter.add(hash(resource, subject));
    return this.place(resource, subject);
  }

  private refillFilter(): void {
    const { rows } = this;
    this.filter.reset(this.used);
    for (let row = 0; row < rows.length; row += fields) {
      if (rows[row + 3] !== 0) this.filter.add(hash(rows[row] ?? 0, rows[row + 1] ?? 0));
    }
  }

  private place(resource: number, subject: number): number {
    const { rows } = this;
    const last = rows.length / fields - 1;
    let place = hash(resource, subject) & last;
    while (rows[place * fields + 3] !== 0) place = (place + 1) & last;
    rows[place * fields] = resource;
    rows[place * fields + 1] = subject;
    return place * fields;
  }

  private grow(): void {
    const old = this.rows;
    this.rows = new Int32Array(old.length * 2);
    for (let row = 0; row < old.length; row += fields) {
      const count = old[row + 3] ?? 0;
      if (count === 0) continue;
      const target = this.place(old[row] ?? 0, old[row + 1] ?? 0);
      this.rows[target + 2] = old[row + 2] ?? 0;
      this.rows[target + 3] = count;
    }
  }

  /** Removes a row and moves those behind it up, so that no search stops short of them. */
  private removeRow(place: number): void {
    const { rows } = this;
    const last = rows.length / fields - 1;
    let hole = place;
    for (let next = (hole + 1) & last; rows[next * fields + 3] !== 0; next = (next + 1) & last) {
      const home = hash(rows[next * fields] ?? 0, rows[next * fields + 1] ?? 0) & last;
      // It may move up unless its home lies between the hole and itself.
      if (((next - home) & last) < ((next - hole) & last)) continue;
      rows.copyWithin(hole * fields, next * fields, (next + 1) * fields);
      hole = next;
    }
    rows.fill(0, hole * fields, (hole + 1) * fields);
    this.used--;
  }
}

function hash(resource: number, subject: number): number {
  let mixed = Math.imul(resource, 0x9e3779b1) ^ Math.imul(subject, 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
