import { apiFlags, type Flag } from '../command.js';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCommandLine } from '../testing/run-command.js';
import { commandTable } from './index.js';

const cli = createCommandLine();
const commands = commandTable.filter((row) => row.run !== undefined);

describe('--help', () => {
  it.each(commandTable.map((row) => [row.path, row] as const))(
    'of %s says what it is for and every flag',
    async (_path, row) => {
      const { exitCode, stdout, stderr } = await cli.run([...row.path.split(' '), '--help']);
      expect([exitCode, stderr]).toEqual([0, '']);
      const said = stdout.replace(/\s+/g, ' ');
      expect(said).toContain(`Usage: castellan ${row.path}`);
      expect(said).toContain(row.summary);
      for (const one of row.flags ?? []) {
        expect(said).toContain(one.flags);
        expect(said).toContain(one.description.replace(/\s+/g, ' '));
        const standard = one.kind === 'text' ? one.default : undefined;
        if (standard !== undefined && standard !== '') expect(said).toContain(`(default: "${standard}")`);
      }
    },
  );

  it('shows an example of every command, with flags that exist', () => {
    for (const row of commands) {
      expect([row.path, row.examples ?? []]).not.toEqual([row.path, []]);
      const groups = commandTable.filter(({ path }) => row.path.startsWith(`${path} `));
      const flags = [row, ...groups].flatMap((one) => one.flags ?? []).map((one) => one.flags);
      for (const example of row.examples ?? []) {
        expect(example.startsWith(row.path)).toBe(true);
        for (const used of example.match(/--[a-z-]+/g) ?? []) expect(flags.join(' ')).toContain(used);
      }
    }
  });

  it('is shown instead of running, for a command with all its operands too', async () => {
    const { exitCode, stdout } = await cli.run(['clients', 'delete', 'a', '--help']);
    expect([exitCode, stdout.startsWith('Usage: castellan clients delete')]).toEqual([0, true]);
  });
});

describe('a slip of the pen', () => {
  it.each([
    [['cleints', 'list'], 'Did you mean clients?'],
    [['clients', 'updat', 'a'], 'Did you mean update?'],
    [['clients', 'create', '--redirect-url', 'x'], 'Did you mean --redirect-uri?'],
    [['perform', 'client-credential'], 'Did you mean client-credentials?'],
  ])('%j exits 2 with a suggestion', async (args, suggestion) => {
    const { exitCode, stdout, stderr } = await cli.run(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(suggestion);
  });
});

describe('commands that print objects', () => {
  it.each([
    ...['clients create', 'clients get', 'clients list', 'clients update', 'clients rotate-secret', 'clients import'],
    ...['keys create', 'keys get', 'keys plan', 'keys rotate', 'keys import', 'policies get', 'groups find'],
    ...['warden check', 'warden allowed', 'warden explain', 'warden token-allowed', 'token client', 'token validate'],
    ...['token explain', 'introspect token', 'revoke token', 'perform client-credentials', 'secrets status', 'doctor'],
    ...['perform authorization-code', 'resource-servers put', 'resource-servers list', 'logout deliveries list'],
    ...['create client', 'get client', 'list clients', 'update client', 'delete client', 'create jwks', 'get jwks'],
  ])('%s has --format', (path) => {
    const row = commandTable.find((one) => one.path === path);
    expect(row?.flags?.map((one) => one.flags)).toContain('--format <format>');
  });
});

describe('every command of the admin API', () => {
  /** Who tell what happens while it does: to a browser, to cases, to keys of another database. */
  const talkers = ['token user', 'policies test', 'keys import-hydra'];
  const groups = commandTable.filter(({ run, flags }) => run === undefined && flags?.includes(apiFlags[0] as Flag));
  const commands = commandTable.filter(
    ({ path, run }) => run !== undefined && groups.some((group) => path.startsWith(`${group.path} `)),
  );

  it.each(commands.map(({ path, flags }) => [path, flags] as const))(
    '%s has --format, or nothing to give',
    (path, flags) => {
      const has = flags?.some((one) => one.flags === '--format <format>') ?? false;
      expect(has).toBe(!talkers.includes(path));
    },
  );

  it('is one of many', () => expect(commands.length).toBeGreaterThan(40));
});

describe('the reference of the command line', () => {
  it('is what the table says', async () => {
    const path = new URL('../../../../docs/guides/cli.md', import.meta.url);
    const { stdout } = await cli.run(['help', '--markdown']);
    expect(readFileSync(path, 'utf8'), 'run: castellan help --markdown > docs/guides/cli.md').toBe(stdout);
  });
});

describe('completion', () => {
  it('knows commands and flags in a real bash', async () => {
    const { stdout } = await cli.run(['completion', 'bash']);
    const complete = (...words: string[]): string =>
      execFileSync('bash', [
        '-c',
        `${stdout}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _castellan; echo "\${COMPREPLY[*]}"`,
        'bash',
        'castellan',
        ...words,
      ]).toString();
    expect(complete('clients', 'upd')).toBe('update\n');
    expect(complete('--config', 'x', 'clients', 'update', 'shop', '--access')).toBe('--access-token-strategy\n');
    expect(complete('conn')).toBe('connect\n');
  });

  it('is there for zsh and fish, and refused for another shell', async () => {
    expect((await cli.run(['completion', 'zsh'])).stdout).toContain('bashcompinit');
    expect((await cli.run(['completion', 'fish'])).stdout).toContain("complete -c castellan -a '(__castellan_next)'");
    expect((await cli.run(['completion', 'cmd'])).exitCode).toBe(2);
  });
});
