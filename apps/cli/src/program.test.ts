import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCommandLine } from './testing/run-command.js';

const cli = createCommandLine();

describe('help', () => {
  it.each([[[]], [['help']], [['--help']], [['-h']]])('lists the commands for %j', async (args) => {
    const { exitCode, stdout, stderr } = await cli.run(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const name of [
      'connect',
      'host',
      'migrate',
      'token',
      'clients',
      'policies',
      'groups',
      'keys',
      'warden',
      'version',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
    expect(stdout).not.toContain('--toggle');
  });

  it.each([[['help', 'clients', 'create']], [['clients', 'create', '-h']]])(
    'shows the flags of a command for %j',
    async (args) => {
      const { exitCode, stdout } = await cli.run(args, { programName: 'hydra' });
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^Usage: hydra clients create /);
      for (const flag of ['--id', '-n, --name', '-c, --callbacks', '-g, --grant-types', '--dry', '--skip-tls-verify']) {
        expect(stdout).toContain(flag);
      }
    },
  );
});

describe('wrong usage', () => {
  it.each([
    [['frobnicate'], "Error: unknown command 'frobnicate'"],
    [['clients', 'get'], "Error: missing required argument 'id'"],
    [['clients', 'get', 'a', 'b'], 'Error: too many arguments'],
    [['clients', 'create', '--frobnicate'], "Error: unknown option '--frobnicate'"],
    [['clients', 'create', '-g', 'a"b'], "Error: option '-g, --grant-types <types>' argument 'a\"b' is invalid."],
    [['policies', 'create', '--id', 'p'], 'Error: Got empty subject, resource or action list'],
    [['keys', 'create', 's'], 'Error: the flag --alg is required'],
    [['migrate', 'sql'], "Error: missing required argument 'url'"],
    [['warden', 'check', 's', 'a', 'r', '--context', '[]'], 'Error: --context is not a JSON object'],
    [['secrets', 'derive', 'keys'], 'Error: no secret is derived for keys'],
  ])('%j is said on stderr with the usage, exit 2', async (args, message) => {
    const outcome = await cli.run(args);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr).toContain('Usage: castellan');
  });

  it('of a group shows its commands on stderr, exit 2', async () => {
    const outcome = await cli.run(['policies']);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toContain('actions');
  });
});

describe('switches', () => {
  it('may be given a value', async () => {
    const { stdout } = await cli.run(['clients', 'create', '--dry=true', '--is-public=false'], {
      env: { CLUSTER_URL: 'http://h' },
    });
    expect(stdout).toContain('"public":false');
  });
});

describe('small commands', () => {
  it('version prints three lines', async () => {
    const { stdout } = await cli.run(['version']);
    expect(stdout).toMatch(/^Version:    \d+\.\d+\.\d+\nGit Hash:   \S+\nBuild Time: \S+\n$/);
  });

  it('secrets derives the secrets of services from a generated system secret', async () => {
    const secret = (await cli.run(['secrets', 'generate'])).stdout.trim();
    expect(secret).toMatch(/^csk1_[\w-]{48}$/);
    const token = await cli.run(['secrets', 'derive', 'token'], { env: { SYSTEM_SECRET: secret } });
    expect(token).toMatchObject({ exitCode: 0, stderr: '' });
    expect(token.stdout).toMatch(/^cds1_token_[\w-]{43}\n$/);
    const piped = await cli.run(['secrets', 'derive', 'token', '--secret-stdin'], { stdin: `${secret}\n` });
    expect(piped.stdout).toBe(token.stdout);
    expect((await cli.run(['secrets', 'derive', 'warden'], { env: { SYSTEM_SECRET: 'short' } })).exitCode).toBe(1);
  });

  it('leave no file behind', () => {
    expect(readdirSync(cli.home)).toEqual([]);
  });
});
