import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from './config.js';
import { withSecretFiles } from './secret-files.js';

describe('a secret in a file', () => {
  let folder: string;
  const file = (name: string): string => path.join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'castellan-secrets-'));
    writeFileSync(file('secret'), 'csk1_hunter2\n');
    writeFileSync(file('empty'), '\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is read into its variable, without the line end', () => {
    const env = withSecretFiles({
      SYSTEM_SECRET_FILE: file('secret'),
      ISSUER: 'https://id.example',
      TOKEN_SECRET_FILE: '',
    });
    expect(env).toMatchObject({ SYSTEM_SECRET: 'csk1_hunter2', ISSUER: 'https://id.example' });
    expect(env).not.toHaveProperty('TOKEN_SECRET');
  });

  it.each([
    [{ SYSTEM_SECRET_FILE: 'absent' }, 'SYSTEM_SECRET_FILE: the file cannot be read'],
    [{ SYSTEM_SECRET_FILE: 'empty' }, 'SYSTEM_SECRET_FILE: the file is empty'],
    [{ REDIS_URL_FILE: 'secret', REDIS_URL: 'redis://h' }, 'REDIS_URL and REDIS_URL_FILE: give one of them'],
  ])('stops the start with %j', (given, message) => {
    const env = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, name.endsWith('_FILE') ? file(value) : value]),
    );
    expect(() => withSecretFiles(env)).toThrow(new ConfigError(message));
  });

  it('of another name is left alone', () => {
    expect(withSecretFiles({ USERS_FILE: 'absent', LOG_LEVEL_FILE: 'absent' })).toEqual({
      USERS_FILE: 'absent',
      LOG_LEVEL_FILE: 'absent',
    });
  });
});
