import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionOptions } from './database-url.js';
import { startEmbeddedPostgres } from './embedded.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'castellan-embedded-'));
  execFileSync('chmod', ['755', folder]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function ask(url: string, sql: string): Promise<unknown> {
  const { username, ...rest } = connectionOptions(url);
  const client = new pg.Client({ ...(rest as pg.ClientConfig), user: username });
  await client.connect();
  try {
    const result = await client.query(sql);
    return result.rows[0] ? Object.values(result.rows[0])[0] : undefined;
  } finally {
    await client.end();
  }
}

describe('startEmbeddedPostgres in product mode', () => {
  it('keeps its data over a restart, is durable, and opens no TCP port', async () => {
    const first = await startEmbeddedPostgres({ folder, mode: 'product' });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect(await ask(first.url, `SHOW fsync`)).toBe('on');
    expect(await ask(first.url, `SHOW listen_addresses`)).toBe('');
    await first.stop();
    const second = await startEmbeddedPostgres({ folder, mode: 'product' });
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42);
    await second.stop();
  });

  it('demands the generated password, which only its owner can read', async () => {
    const server = await startEmbeddedPostgres({ folder, mode: 'product' });
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    await server.stop();
    expect(statSync(path.join(folder, 'postgres-password')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.endsWith('.pw'))).toEqual([]);
  });

  it('recovers what was committed when it is killed', async () => {
    const first = await startEmbeddedPostgres({ folder, mode: 'product' });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(first.pid, 'SIGKILL');
    const second = await startEmbeddedPostgres({ folder, mode: 'product' });
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe(42);
    await second.stop();
  });

  it('stops a server that a killed castellan left behind, and starts', async () => {
    const left = await startEmbeddedPostgres({ folder, mode: 'product' });
    const second = await startEmbeddedPostgres({ folder, mode: 'product' });
    expect(second.pid).not.toBe(left.pid);
    await second.stop();
  });
});
