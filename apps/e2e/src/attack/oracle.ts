import { expect, vi } from 'vitest';
import { send } from '../http.js';
import type { Target, TargetOptions } from './target.js';

/**
 * What must hold after any attack: the process lives and is ready, no route failed, and no secret is in a log line or in
 * any row of the database.
 */
export async function observe(target: Target, { mayFail = false, provoked }: TargetOptions): Promise<void> {
  const beReady = async (): Promise<void> => {
    const { status } = await send(`${target.product.publicUrl}/health/ready`);
    expect(status, 'the product is ready').toBe(200);
  };
  const before = target.product.log().length;
  // On a machine that is busy with other things a check of what it depends on may take longer than it waits for one.
  await vi.waitFor(beReady, { timeout: 60_000, interval: 200 });
  const log = target.product.log();
  for (const secret of target.secrets) expect(log.includes(secret), 'a secret is in the log').toBe(false);
  if (!mayFail) {
    const faults = faultsIn(log, before).filter((line) => provoked?.test(line) !== true);
    expect(faults, 'faults').toEqual([]);
  }
  const rows = await allRows(target);
  for (const secret of target.secrets) {
    const hex = Buffer.from(secret).toString('hex');
    expect(rows.includes(secret) || rows.includes(hex), 'a secret is in the database').toBe(false);
  }
}

/** Lines that tell of a fault. That it was not ready while it started, or busy when it was asked at the end, is none. */
function faultsIn(log: string, asked: number): readonly string[] {
  const started = log.indexOf(' path=/health/ready status=200 ');
  return [...log.matchAll(/^.*$/gm)]
    .filter(({ 0: line, index }) => {
      const isWaitedFor = index < started || index >= asked;
      return isFault(line) && !(isWaitedFor && / path=\/health\/ready status=503 /.test(line));
    })
    .map(([line]) => line);
}

function isFault(line: string): boolean {
  return /level=(error|fatal)|status=5\d\d/.test(line);
}

async function allRows(target: Target): Promise<string> {
  const { pool } = target.database.database;
  const tables = await pool.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN ('token', 'warden', 'keys') AND c.relkind = 'r'`,
  );
  const texts = await Promise.all(
    tables.rows.map(async ({ schema, name }) => {
      const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM "${schema}"."${name}" t`);
      return rows.map(({ row }) => row).join('\n');
    }),
  );
  return texts.join('\n');
}
