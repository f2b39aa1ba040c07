import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClockSkew } from './clock-skew.js';
import { createTestDatabase, type TestDatabase } from './testing.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase('token');
});
afterAll(() => test.drop());

describe('the clock of a process against that of the database', () => {
  it('agrees on one machine, however slowly the database answers', async () => {
    const { certainMs } = await readClockSkew(test.database);
    // The database tells milliseconds, too.
    expect(Math.abs(certainMs)).toBeLessThanOrEqual(1);
  });

  it.each([300_000, -300_000])('is seen to be off by %d ms, and by how much at least', async (offset) => {
    const { measuredMs, certainMs } = await readClockSkew(test.database, () => Date.now() + offset);
    expect(Math.sign(certainMs)).toBe(Math.sign(offset));
    expect(Math.abs(certainMs)).toBeLessThanOrEqual(Math.abs(offset) + 1);
    expect(Math.abs(certainMs)).toBeGreaterThan(200_000);
    expect(Math.sign(measuredMs)).toBe(Math.sign(offset));
  });

  it('is not said to be off for the time that the answer took, nor for a clock that was set meanwhile', async () => {
    const slow = [0, 60_000].map((wait) => Date.now() - 30_000 + wait);
    expect(await readClockSkew(test.database, () => slow.shift() ?? 0)).toMatchObject({ certainMs: 0 });
    const setBack = [60_000, 0].map((wait) => Date.now() - 30_000 + wait);
    expect(await readClockSkew(test.database, () => setBack.shift() ?? 0)).toMatchObject({ certainMs: 0 });
  });
});
