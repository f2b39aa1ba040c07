import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

  it('starts a server again that ended while it was needed, at the same place, and lets it end when stopped', async () => {
    const told: string[] = [];
    const server = await startEmbeddedPostgres({ folder, mode: 'product', onEnded: (line) => told.push(line) });
    await ask(server.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const killed = server.pid;
    process.kill(killed, 'SIGKILL');
    await expect.poll(() => server.pid, { timeout: 60_000 }).not.toBe(killed);
    const answer = () => ask(server.url, 'SELECT answer FROM kept').catch(() => undefined);
    await expect.poll(answer, { timeout: 60_000 }).toBe(42);
    expect(told[0]).toBe('The embedded PostgreSQL ended (SIGKILL) and is started again');
    const ends = told.length;
    await server.stop();
    await expect(ask(server.url, 'SELECT 1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    expect(told.length).toBe(ends);
  });

  it('stops a server that a killed castellan left behind, and starts', async () => {
    const left = await startEmbeddedPostgres({ folder, mode: 'product' });
    const second = await startEmbeddedPostgres({ folder, mode: 'product' });
    expect(second.pid).not.toBe(left.pid);
    await second.stop();
  });

  it.each(['SIGKILL', 'SIGINT'])('starts where the first process reaps nobody and a server died of %s', (signal) => {
    // The first process of a namespace inherits what its children leave behind; Node reaps none of it, as in a container.
    const program = `
      import { spawn } from 'node:child_process';
      import { startEmbeddedPostgres } from ${JSON.stringify(new URL('../dist/embedded.js', import.meta.url).href)};
      const folder = ${JSON.stringify(folder)};
      if (process.pid !== 1) {
        console.log((await startEmbeddedPostgres({ folder, mode: 'product' })).pid);
        setInterval(() => undefined, 1000);
      } else {
        const other = spawn(process.execPath, process.execArgv.concat(process.argv.slice(1)), { stdio: ['ignore', 'pipe', 'inherit'] });
        const left = Number(await new Promise((resolve) => other.stdout.once('data', resolve)));
        other.kill('SIGKILL');
        await new Promise((resolve) => other.once('exit', resolve));
        process.kill(left, '${signal}');
        const again = await startEmbeddedPostgres({ folder, mode: 'product' });
        console.log('started again', again.pid !== left);
        await again.stop();
        process.exit(0);
      }`;
    const file = path.join(folder, 'first.mjs');
    writeFileSync(file, program);
    const args = [...(process.getuid?.() === 0 ? ['-pfm'] : ['-Urpfm']), '--mount-proc', process.execPath, file];
    const ended = spawnSync('unshare', args, { encoding: 'utf8', timeout: 100_000 });
    expect([ended.stdout, ended.stderr, ended.status]).toEqual(['started again true\n', '', 0]);
  });
});
