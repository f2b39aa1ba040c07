import { ConfigError } from '@castellan/service';
import { describe, expect, it } from 'vitest';
import { readWardenConfig } from './warden.config.js';

const env = { DATABASE_URL: 'postgres://localhost/castellan', WARDEN_SECRET: 'cds1_warden_0123456789' };

describe('the configuration of the Warden', () => {
  it('needs a database and a secret', () => {
    const config = readWardenConfig(env);
    expect(config).toMatchObject({
      databaseUrl: env.DATABASE_URL,
      cacheMinimumPolicies: 500,
      maxStalenessMs: 5_000,
    });
    expect(config.redis).toBeUndefined();
    expect(config.secret.reveal()).toBe(env.WARDEN_SECRET);
    expect(JSON.stringify(config)).not.toContain(env.WARDEN_SECRET);
  });

  it('prefers the database of its own', () => {
    const own = 'postgres://localhost/warden';
    expect(readWardenConfig({ ...env, WARDEN_DATABASE_URL: own }).databaseUrl).toBe(own);
  });

  it('names every variable that cannot be used, at once', () => {
    const read = (): unknown => readWardenConfig({ WARDEN_SECRET: 'short', REDIS_URL: 'x' });
    for (const name of ['DATABASE_URL', 'WARDEN_SECRET', 'REDIS_URL']) expect(read).toThrow(name);
  });

  it.each([
    [{ DATABASE_URL: '' }, 'WARDEN_DATABASE_URL or DATABASE_URL'],
    [{ DATABASE_URL: 'memory' }, 'embedded'],
    [{ DATABASE_URL: 'postgres://db.example/castellan?sslmode=disable', CASTELLAN_ENV: 'production' }, 'without TLS'],
    [{ WARDEN_SECRET: '' }, 'WARDEN_SECRET: is required'],
    [{ WARDEN_SECRET: 'short' }, 'WARDEN_SECRET: must have at least 16 characters'],
    [{ REDIS_URL: 'http://localhost' }, 'REDIS_URL'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL'],
    [{ WARDEN_MAX_STALENESS: 'soon' }, 'WARDEN_MAX_STALENESS'],
    [{ WARDEN_CACHE_MINIMUM_POLICIES: '-1' }, 'WARDEN_CACHE_MINIMUM_POLICIES'],
  ])('refuses %j', (variables, message) => {
    const read = (): unknown => readWardenConfig({ ...env, ...variables });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(message);
  });
});
