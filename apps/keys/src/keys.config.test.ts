import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readKeysConfig } from './keys.config.js';

const SYSTEM_SECRET = 'this is a system secret of a test, long enough';
const DATABASE_URL = 'postgres://castellan:hunter2@localhost:5432/castellan';

describe('configuration of the key manager', () => {
  it('needs a database and a system secret, and has defaults for the rest', () => {
    const config = readKeysConfig({ DATABASE_URL, SYSTEM_SECRET });
    expect(config).toMatchObject({ databaseUrl: DATABASE_URL, rsaKeyBits: 3072, exportPrivate: true });
    expect(config.systemSecret.reveal()).toBe(SYSTEM_SECRET);
    expect(inspect(config) + JSON.stringify(config)).not.toContain(SYSTEM_SECRET);
  });

  it('prefers its own database, and reads the switches', () => {
    const own = 'postgres:///castellan?host=/run/postgresql';
    const env = { DATABASE_URL, SYSTEM_SECRET, KEYS_DATABASE_URL: own, RSA_KEY_BITS: '4096', KEYS_EXPORT_PRIVATE: '0' };
    expect(readKeysConfig(env)).toMatchObject({ databaseUrl: own, rsaKeyBits: 4096, exportPrivate: false });
  });

  it.each([
    ['no secret', { DATABASE_URL }, 'SYSTEM_SECRET'],
    ['a short secret', { DATABASE_URL, SYSTEM_SECRET: 'fifteen-letters' }, 'at least 16'],
    ['no database', { SYSTEM_SECRET }, 'DATABASE_URL'],
    ['memory', { SYSTEM_SECRET, DATABASE_URL: 'memory' }, 'embedded'],
    ['small keys', { SYSTEM_SECRET, DATABASE_URL, RSA_KEY_BITS: '1024' }, 'RSA_KEY_BITS'],
    ['huge keys', { SYSTEM_SECRET, DATABASE_URL, RSA_KEY_BITS: '16384' }, 'RSA_KEY_BITS'],
    ['an unclear switch', { SYSTEM_SECRET, DATABASE_URL, KEYS_EXPORT_PRIVATE: 'maybe' }, 'KEYS_EXPORT_PRIVATE'],
    [
      'a database in clear over the network in production',
      { SYSTEM_SECRET, DATABASE_URL: 'postgres://u:p@db.example/c?sslmode=disable', CASTELLAN_ENV: 'production' },
      'TLS',
    ],
  ])('refuses %s', (_name, env, message) => {
    expect(() => readKeysConfig(env)).toThrow(message);
    expect(() => readKeysConfig(env)).not.toThrow(/hunter2|fifteen-letters/);
  });
});
