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

  it('rotates the keys of ID tokens every 90 days, and what else it is told', () => {
    const minute = 60_000;
    const known = { maxAgeMs: 5 * minute, clockSkewMs: 5 * minute, algorithm: 'RS256' };
    const idToken = { ...known, longestLifeMs: 24 * 60 * minute, everyMs: 90 * 24 * 60 * minute };
    const challenge = { ...known, longestLifeMs: 10 * minute };
    const { everyMs: _every, ...byHand } = idToken;
    expect([...readKeysConfig({ DATABASE_URL, SYSTEM_SECRET }).rotation]).toEqual([
      ['hydra.openid.id-token', idToken],
      ['hydra.consent.challenge', challenge],
      ['hydra.openid.access-token', byHand],
      ...['ES256', 'ES512', 'EdDSA'].map((algorithm) => [
        `hydra.openid.id-token.${algorithm}`,
        { ...byHand, algorithm },
      ]),
    ]);
    const { rotation } = readKeysConfig({
      DATABASE_URL,
      SYSTEM_SECRET,
      JWKS_MAX_AGE: '1h',
      KEYS_CLOCK_SKEW: '0',
      ID_TOKEN_LIFESPAN: '48h',
      KEYS_ROTATION: 'hydra.openid.id-token=off/ES256, hydra.consent.challenge=720h',
    });
    const strict = { maxAgeMs: 60 * minute, clockSkewMs: 0 };
    const wished = ['hydra.openid.id-token', 'hydra.consent.challenge'];
    expect(wished.map((set) => rotation.get(set))).toEqual([
      { ...strict, longestLifeMs: 48 * 60 * minute, algorithm: 'ES256' },
      { ...strict, longestLifeMs: 10 * minute, algorithm: 'RS256', everyMs: 30 * 24 * 60 * minute },
    ]);
  });

  it.each([
    ['a JWK Set kept for a week', { SYSTEM_SECRET, DATABASE_URL, JWKS_MAX_AGE: '168h' }, 'JWKS_MAX_AGE'],
    ['clocks that are hours off', { SYSTEM_SECRET, DATABASE_URL, KEYS_CLOCK_SKEW: '2h' }, 'KEYS_CLOCK_SKEW'],
    ['rotation of a user’s set', { SYSTEM_SECRET, DATABASE_URL, KEYS_ROTATION: 's=24h' }, 'must list'],
    ['rotation without a time', { SYSTEM_SECRET, DATABASE_URL, KEYS_ROTATION: 'hydra.openid.id-token=soon' }, 'every'],
    [
      'rotation to an algorithm that consent apps do not know',
      { SYSTEM_SECRET, DATABASE_URL, KEYS_ROTATION: 'hydra.consent.challenge=24h/ES256' },
      'are for RS256',
    ],
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
