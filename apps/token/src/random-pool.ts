import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;
/** More than that at once is drawn by itself. */
const LARGEST_PIECE = 256;

/**
 * Random bytes of the system's generator, drawn 4 KiB at a time: one draw costs the same whatever its size, and every
 * token needs a few. No byte is handed out twice, and none stays in the pool once it was.
 */
export function createRandomPool(fill: (bytes: Buffer) => unknown = randomFillSync): (size: number) => Buffer {
  const pool = Buffer.alloc(POOL_BYTES);
  let next = POOL_BYTES;

  return (size) => {
    const bytes = Buffer.alloc(size);
    if (size > LARGEST_PIECE) {
      fill(bytes);
      return bytes;
    }
    if (next + size > POOL_BYTES) {
      fill(pool);
      next = 0;
    }
    pool.copy(bytes, 0, next, next + size);
    pool.fill(0, next, next + size);
    next += size;
    return bytes;
  };
}
