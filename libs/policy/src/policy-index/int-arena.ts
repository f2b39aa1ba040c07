const smallestClass = 1;

/** Blocks of 32-bit integers in one array: millions of short lists without an object for each. */
export class IntArena {
  cells = new Int32Array(1024);
  private used = 0;
  /** Released blocks by the logarithm of their size. */
  private readonly free: number[][] = [];

  /** A block for at least `size` cells; answers its offset. Its content is arbitrary. */
  allocate(size: number): number {
    const sizeClass = classOf(size);
    const released = this.free[sizeClass]?.pop();
    if (released !== undefined) return released;
    const offset = this.used;
    this.used += 1 << sizeClass;
    if (this.used > this.cells.length) this.grow();
    return offset;
  }

  /** Gives a block back that was allocated for `size` cells. */
  release(offset: number, size: number): void {
    const sizeClass = classOf(size);
    (this.free[sizeClass] ??= []).push(offset);
  }

  private grow(): void {
    let length = this.cells.length;
    // By half rather than double where it is large: what is not used yet is memory all the same.
    while (length < this.used) length += length < 1 << 20 ? length : length >> 1;
    const cells = new Int32Array(length);
    cells.set(this.cells);
    this.cells = cells;
  }
}

/** Cells that a block allocated for `size` has. */
export function capacityOf(size: number): number {
  return 1 << classOf(size);
}

function classOf(size: number): number {
  return size <= 2 ? smallestClass : 32 - Math.clz32(size - 1);
}
