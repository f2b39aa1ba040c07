import { mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { connected, issuedToken, startAdminServer } from './testing/admin-server.js';
import { spawnCastellan } from './testing/child-process.js';

const home = mkdtempSync(join(tmpdir(), 'castellan-main-'));

describe('the compiled program', () => {
  it('answers with a token, reads its pipe, and leaves no file where none is due', async () => {
    const server = await startAdminServer();
    const token = await spawnCastellan(['token', 'client'], { HOME: home, ...connected(server) }).exited;
    expect(token).toEqual({ exitCode: 0, stdout: `${issuedToken}\n`, stderr: '' });
    expect(readdirSync(home)).toEqual([]);
    const logon = await spawnCastellan(['connect'], { HOME: home }, `${server.url}\nadmin\ndemo-password\n`).exited;
    expect(logon.exitCode).toBe(0);
    const failed = await spawnCastellan(['clients', 'get', 'x'], { HOME: home }).exited;
    expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
    await server.close();
  });

  it('exits 2 when it is called wrongly', async () => {
    expect((await spawnCastellan(['clients', 'get'], { HOME: home }).exited).exitCode).toBe(2);
  });

  it('shows the name it was called by', () => {
    const link = join(home, 'hydra');
    symlinkSync(fileURLToPath(new URL('../bin/castellan.js', import.meta.url)), link);
    expect(spawnSync(process.execPath, [link, 'help'], { encoding: 'utf8' }).stdout).toMatch(/^Usage: hydra /);
  });

  it('loads neither Nest nor the database layer for a small command', () => {
    const hook = `export async function resolve(specifier, context, next) {
      const found = await next(specifier, context);
      process._rawDebug(found.url);
      return found;
    }`;
    const entry = new URL('../dist/main.js', import.meta.url).href;
    const trace = `
      import { register } from 'node:module';
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
      const { main } = await import(${JSON.stringify(entry)});
      const { env, stdin, stdout, stderr } = process;
      await main(['version'], { programName: 'castellan', env, stdin, stdout, stderr });
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', trace], { encoding: 'utf8' });
    expect(stdout).toMatch(/^Version:/);
    expect(stderr).toContain('commander');
    expect(stderr).not.toMatch(/@nestjs|typeorm|reflect-metadata|grpc|libs\/|apps\/(?!cli)/);
  });
});
