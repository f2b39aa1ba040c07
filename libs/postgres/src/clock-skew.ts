import type { Database } from './database.js';

/** How far the clock of this process is ahead of the database's, in milliseconds; negative when it is behind. */
export type ClockSkew = {
  /** The best guess. */
  readonly measuredMs: number;
  /** What it is at least, however long the question was under way; 0 when the clocks may agree. */
  readonly certainMs: number;
};

/**
 * Compares the wall clock of this process with that of the database, which lifetimes are judged by. A database that answers
 * slowly makes the measurement wide, never wrong.
 */
export async function readClockSkew(database: Database, now: () => number = Date.now): Promise<ClockSkew> {
  const before = now();
  const [row] = await database.query<{ now: Date }>('clock', 'SELECT clock_timestamp() AS now');
  const after = now();
  const databaseNow = row?.now.getTime() ?? Number.NaN;
  // The database looked at its clock at some moment between these two.
  const [least, most] = [before, after].map((time) => time - databaseNow).sort((a, b) => a - b);
  return { measuredMs: ((least ?? 0) + (most ?? 0)) / 2, certainMs: nearestToZero(least ?? 0, most ?? 0) };
}

function nearestToZero(least: number, most: number): number {
  if (least <= 0 && most >= 0) return 0;
  return least > 0 ? least : most;
}
