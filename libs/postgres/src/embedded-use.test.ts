import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionOptions } from './database-url.js';
import { startEmbeddedPostgres } from './embedded.js';
import { borrowEmbeddedPostgres } from './embedded-use.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'castellan-borrow-'));
  execFileSync('chmod', ['755', folder]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function ask(url: string, sql: string): Promise<unknown> {
  const { username, ...rest } = connectionOptions(url);
  const client = new pg.Client({ ...(rest as pg.ClientConfig), user: username });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL for a command beside the product', () => {
  it('is started where nobody runs it, and stopped again', async () => {
    const first = await borrowEmbeddedPostgres({ folder });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.release();
    const second = await borrowEmbeddedPostgres({ folder });
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42);
    await second.release();
    await expect(ask(second.url, 'SELECT 1')).rejects.toThrow();
  });

  it('is the one that runs, where another castellan holds the folder, and stays when it is given back', async () => {
    const running = await startEmbeddedPostgres({ folder, mode: 'product' });
    // The folder is another's: a living process of Node that is not this one.
    const other = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    try {
      writeFileSync(path.join(folder, 'castellan.pid'), `${other.pid}\n`);
      const borrowed = await borrowEmbeddedPostgres({ folder });
      expect(await ask(borrowed.url, `SELECT pg_postmaster_start_time() = (SELECT pg_postmaster_start_time())`)).toBe(
        true,
      );
      expect(borrowed.url).toBe(running.url);
      await borrowed.release();
      expect(await ask(running.url, 'SELECT 1')).toBe(1);
    } finally {
      other.kill('SIGKILL');
      await running.stop();
    }
  });
});
