import { extended, grownLength } from './growth.js';

/** Blocks of 32-bit integers in one array: millions of short lists without an object for each. */
export class IntArena {
  cells = new Int32Array(256);
  private used = 0;
  /** Offsets of released blocks by their capacity. */
  private readonly free = new Map<number, number[]>();

  /** A block for at least `size` cells; answers its offset. Its content is arbitrary. */
  allocate(size: number): number {
    const capacity = capacityOf(size);
    const released = this.free.get(capacity)?.pop();
    if (released !== undefined) return released;
    const offset = this.used;
    this.used += capacity;
    let { length } = this.cells;
    while (length < this.used) length = grownLength(length);
    if (length > this.cells.length) this.cells = extended(this.cells, length);
    return offset;
  }

  /** Gives a block back that was allocated for `size` cells. */
  release(offset: number, size: number): void {
    const capacity = capacityOf(size);
    const released = this.free.get(capacity);
    if (released === undefined) this.free.set(capacity, [offset]);
    else released.push(offset);
  }
}

/** Cells that a block allocated for `size` has: as many, and from 8 on up to a quarter more, so that few capacities are in use. */
export function capacityOf(size: number): number {
  if (size <= 8) return size;
  const step = 1 << (29 - Math.clz32(size - 1));
  return Math.ceil(size / step) * step;
}
