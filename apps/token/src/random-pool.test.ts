import { describe, expect, it } from 'vitest';
import { createRandomPool } from './random-pool.js';

/** A generator whose bytes count upwards, so that each can be told. */
function counting() {
  const drawn: Buffer[] = [];
  let count = 0;
  const fill = (bytes: Buffer): void => {
    for (let index = 0; index + 4 <= bytes.length; index += 4) bytes.writeUInt32BE(++count, index);
    drawn.push(bytes);
  };
  return { fill, drawn };
}

describe('the pool of random bytes', () => {
  it('hands no byte out twice, and keeps none that it handed out', () => {
    const { fill, drawn } = counting();
    const take = createRandomPool(fill);
    const seen = new Set<number>();
    for (let round = 0; round < 1_000; round++) {
      const bytes = take(32);
      for (let index = 0; index < 32; index += 4) {
        const value = bytes.readUInt32BE(index);
        expect(value).toBeGreaterThan(0);
        expect(seen.has(value)).toBe(false);
        seen.add(value);
      }
      bytes.fill(0xff);
    }
    // 4 KiB are 128 pieces of 32 bytes; what is handed out is a copy, and its place is empty.
    expect(drawn).toHaveLength(8);
    const pool = drawn[0] ?? Buffer.alloc(0);
    expect(pool.subarray(0, (1_000 % 128) * 32).every((byte) => byte === 0)).toBe(true);
  });

  it('draws afresh rather than giving less than was asked for', () => {
    const { fill, drawn } = counting();
    const take = createRandomPool(fill);
    for (const size of [200, 200, 256, 12, 32]) expect(take(size)).toHaveLength(size);
    for (let round = 0; round < 15; round++) expect(take(256).includes(Buffer.alloc(8))).toBe(false);
    expect(drawn.length).toBeGreaterThan(1);
  });

  it('draws what is large by itself, and nothing for nothing', () => {
    const { fill, drawn } = counting();
    const take = createRandomPool(fill);
    expect(take(3_072).readUInt32BE(3_068)).toBe(768);
    expect(take(0)).toHaveLength(0);
    expect(drawn[0]).toHaveLength(3_072);
  });

  it('gives bytes of the system\u2019s generator', () => {
    const take = createRandomPool();
    const texts = new Set(Array.from({ length: 500 }, () => take(16).toString('hex')));
    expect(texts.size).toBe(500);
  });
});
