import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkVariables, setVariables } from '../configuration/effective.js';
import { configurationReference } from '../configuration/reference.js';
import { createCommandLine } from '../testing/run-command.js';

const cli = createCommandLine();
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
