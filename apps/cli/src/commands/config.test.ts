import { isSecretVariable, unknownVariables } from '@castellan/service';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkVariables, setVariables } from '../configuration/effective.js';
import { configurationReference } from '../configuration/reference.js';
import { everyVariable, programVariables } from '../configuration/variables.js';
import { createCommandLine } from '../testing/run-command.js';

const cli = createCommandLine();
// What the shell of a developer may hold for the command line.
const commandLineVariables = ['CLUSTER_URL', 'ADMIN_URL', 'CLIENT_ID', 'CLIENT_SECRET', 'TLS_CA_FILE', 'CONSENT_PORT'];
const fileOf = (secret: string): string => (secret === 'HTTPS_TLS_KEY' ? 'HTTPS_TLS_KEY_PATH' : `${secret}_FILE`);
const good = { DATABASE_URL: 'postgres://u:hunter2@h/d', TOKEN_SECRET: 'x'.repeat(32), ISSUER: 'https://id.example' };

describe('config check', () => {
  it('accepts what the program would start with', () => {
    expect(checkVariables('token', { ...good, PATH: '/bin', HOME: '/' })).toEqual([]);
  });

  it.each([
    [{ ISSUER: '' }, 'ISSUER: is required'],
    [{ ISSUER: 'id.example' }, 'ISSUER: must be an absolute http or https URL'],
    [{ ACCESS_TOKEN_LIFESPAN: '1 hour' }, 'ACCESS_TOKEN_LIFESPAN: must be a duration such as 1h30m, 90s or 500ms'],
    [{ ACESS_TOKEN_LIFESPAN: '1h' }, 'ACESS_TOKEN_LIFESPAN: is not known; did you mean ACCESS_TOKEN_LIFESPAN?'],
    [{ REQUIRE_PCKE: '1' }, 'REQUIRE_PCKE: is not known; did you mean REQUIRE_PKCE?'],
  ])('finds what is wrong with %j', (env, text) => {
    expect(checkVariables('token', { ...good, ...env }).map((finding) => finding.text)).toEqual([text]);
  });

  it('does not take a variable of another program for a slip', () => {
    expect(
      checkVariables('token', { ...good, WARDEN_SECRET: 'x'.repeat(32), KEYS_DATABASE_URL: 'postgres://h/d' }),
    ).toEqual([]);
  });

  it('of every program takes no name of another program for a slip', () => {
    const others = Object.fromEntries([...everyVariable, ...commandLineVariables].map((name) => [name, 'x']));
    for (const [program, variables] of Object.entries(programVariables).filter(([name]) => name !== 'consent')) {
      // As the services see it, which know the names of no other program.
      expect(unknownVariables(others, variables), program).toEqual([]);
    }
  });

  it('lets every secret stand in a file', () => {
    for (const [program, variables] of Object.entries(programVariables).filter(([name]) => name !== 'consent')) {
      const secrets = Object.keys(variables).filter(isSecretVariable);
      for (const name of secrets) expect(Object.keys(variables), program).toContain(fileOf(name));
    }
  });

  it('reads the file of settings, and finds unknown keys of it', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'castellan-config-')), 'keys.yml');
    writeFileSync(file, 'database_url: postgres://u:hunter2@h/d\nsystem_secret: hunter2-hunter2-hunter2\n');
    const checked = await cli.run(['config', 'check', 'keys', '--config-file', file]);
    expect([checked.exitCode, checked.stderr]).toEqual([0, '']);
    const printed = await cli.run(['config', 'print', 'keys'], { env: { CASTELLAN_CONFIG: file } });
    expect(printed.stdout).toContain('SYSTEM_SECRET=[redacted]\n');
    expect(printed.stdout).not.toContain('hunter2');
    writeFileSync(file, 'sytem_secret: hunter2\n');
    const refused = await cli.run(['config', 'check', 'keys', '--config-file', file]);
    expect([refused.exitCode, refused.stderr.split(/:(?=1)/)[1]]).toEqual([
      1,
      '1: SYTEM_SECRET is not known; did you mean SYSTEM_SECRET?\n',
    ]);
    rmSync(path.dirname(file), { recursive: true });
  });

  it('exits 1 with a line for each finding, and 2 for a program that is none', async () => {
    const failed = await cli.run(['config', 'check', 'keys'], { env: { DATABASE_URL: 'postgres://h/d' } });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('SYSTEM_SECRET: is required');
    expect((await cli.run(['config', 'check', 'nobody'])).exitCode).toBe(2);
  });
});

describe('config print', () => {
  it('shows no secret', () => {
    const env = {
      ...good,
      REDIS_URL: 'redis://:hunter2@h',
      FORCE_ROOT_CLIENT_CREDENTIALS: 'a:hunter2',
      HTTPS_TLS_KEY: 'hunter2',
    };
    expect(setVariables('token', env)).toEqual([
      { name: 'DATABASE_URL', shown: '[redacted]' },
      { name: 'ISSUER', shown: 'https://id.example' },
      { name: 'TOKEN_SECRET', shown: '[redacted]' },
    ]);
    for (const program of ['host', 'admin', 'warden'] as const)
      expect(JSON.stringify(setVariables(program, env))).not.toContain('hunter2');
  });
});

describe('the reference', () => {
  it('of the documentation is what the schemas say (castellan config reference > docs/guides/configuration.md)', () => {
    const page = path.resolve(import.meta.dirname, '../../../../docs/guides/configuration.md');
    expect(readFileSync(page, 'utf8')).toBe(configurationReference());
  });
});
