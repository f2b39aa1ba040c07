import { createSilentLogger, type Logger } from '@castellan/service';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeyManager, openKeyManager } from './key-manager.js';
import { readKeysConfig } from './keys.config.js';
import { serverCertificate } from './server-certificate.js';

const claimsOfIdToken = JSON.stringify({ iss: 'i', sub: 's', aud: 'a', exp: 2, iat: 1 });
const actor = { peer: 'admin', requestId: 'r-1' };
const sets = [
  'hydra.openid.id-token',
  'hydra.consent.response',
  'hydra.consent.challenge',
  'hydra.openid.access-token',
];

describe('key manager on PostgreSQL', () => {
  let test: TestDatabase;
  let opened: KeyManager[];
  let lines: string[];

  beforeEach(async () => {
    test = await createTestDatabase('keys');
    opened = [];
    lines = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((manager) => manager.close()));
    await test.drop();
  });

  function recordingLogger(): Logger {
    const record = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
    return { ...createSilentLogger(), info: record, warn: record };
  }

  async function open(secret = 'the system secret of this database', exportPrivate = true): Promise<KeyManager> {
    const config = readKeysConfig({
      DATABASE_URL: test.url,
      SYSTEM_SECRET: secret,
      RSA_KEY_BITS: '2048',
      KEYS_EXPORT_PRIVATE: String(exportPrivate),
      KEYS_ROTATION: 'hydra.openid.id-token=2160h/ES256',
      SIGNED_TOKEN_MAX_LIFESPAN: '1h',
    });
    const manager = await openKeyManager(config, { logger: recordingLogger() });
    opened.push(manager);
    return manager;
  }

  async function rows(): Promise<{ set_id: string; sealed: Buffer }[]> {
    const found = await test.database.pool.query<{ set_id: string; sealed: Buffer }>('SELECT * FROM keys.key');
    return found.rows;
  }

  it('makes the own sets at the first start and says so as the original did, and none at the second', async () => {
    await open();
    expect(lines).toEqual(sets.map((set) => `Key pair for signing ${set} is missing. Creating new one. {}`));
    const before = await rows();
    await open();
    expect(lines).toHaveLength(4);
    expect(await rows()).toEqual(before);
  });

  it('makes one current key for each set when two start at once on an empty database', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    expect((await rows()).map((row) => row.set_id).sort()).toEqual([...sets].sort());
    expect(lines).toHaveLength(4);
    for (const purpose of ['id-token', 'access-token', 'consent-challenge', 'consent-response'] as const) {
      expect(await one?.signing.verificationKeys(purpose)).toEqual(await two?.signing.verificationKeys(purpose));
    }
  });

  it('refuses to start with another system secret, and changes nothing', async () => {
    await open();
    const before = await rows();
    await expect(open('another system secret')).rejects.toThrow(
      /^The database was initialised with another SYSTEM_SECRET.*start is refused/,
    );
    await expect(open('another system secret')).rejects.toMatchObject({ name: 'ConfigError' });
    expect(await rows()).toEqual(before);
  });

  it('warns of a weak secret without showing it', async () => {
    await open('sixteen-letters!');
    expect(lines[0]).toContain('should have at least 32');
    expect(lines.join()).not.toContain('sixteen-letters!');
  });

  it('keeps no key in the clear in any table', async () => {
    const manager = await open();
    const made = [
      ...(await manager.sets.generate({ set: 's', algorithm: 'RS256', name: '' }, actor)),
      ...(await manager.sets.generate({ set: 's', algorithm: 'HS256', name: '' }, actor)),
      ...(await manager.sets.getSet('hydra.consent.response', actor)),
    ];
    await serverCertificate(manager, { issuer: 'https://localhost:4444' });
    const tables = ['key', 'audit', 'key_check', 'revision', 'signature_count'];
    const dumps = await Promise.all(
      tables.map((table) => test.database.pool.query(`SELECT t.*, t::text AS all_of_it FROM keys.${table} t`)),
    );
    const dump = dumps
      .flatMap((result) => result.rows)
      .map((row: Record<string, unknown>) =>
        Object.values(row)
          .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
          .join('|'),
      )
      .join('\n');
    for (const { jwk } of made) {
      for (const member of ['n', 'd', 'p', 'q', 'k'] as const) {
        const value = jwk[member];
        if (value === undefined) continue;
        expect(dump).not.toContain(value.slice(0, 20));
        expect(dump).not.toContain(Buffer.from(value, 'base64url').toString('hex').slice(0, 20));
        expect(dump).not.toContain(Buffer.from(value, 'base64url').toString('latin1').slice(0, 16));
      }
    }
  });

  it('signs with keys that survive a restart, and sees a rotation of another replica at the next call', async () => {
    const visible = 2 * 5 * 60_000 + 2 * 5 * 60_000;
    const one = await open();
    const two = await open();
    const claims = JSON.stringify({ iss: 'i', sub: 's', aud: 'a', exp: 2, iat: 1 });
    const first = await one.signing.sign('id-token', claims);
    expect((await two.signing.sign('id-token', claims)).keyId).toBe(first.keyId);
    await one.sets.generate({ set: 'hydra.openid.id-token', algorithm: 'RS256', name: '' }, actor);
    expect((await two.signing.sign('id-token', claims)).keyId).toBe(first.keyId);
    await test.advanceClock(visible - 60_000);
    await one.rotation.advance();
    expect((await two.signing.sign('id-token', claims)).keyId).toBe(first.keyId);
    await test.advanceClock(60_000);
    await one.rotation.advance();
    const second = await two.signing.sign('id-token', claims);
    expect(second.keyId).not.toBe(first.keyId);
    const kids = (await two.signing.verificationKeys('id-token')).map((jwk) => jwk.kid);
    expect(kids).toEqual([second.keyId, first.keyId]);
  });

  it('rotates by schedule once over two replicas, counts what each key signed, and notes every state', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    await one?.signing.sign('id-token', claimsOfIdToken);
    await one?.close();
    opened = opened.filter((manager) => manager !== one);
    const three = await open();
    for (const ms of [2160 * 3_600_000 - 3_600_000, 3_600_000, 1_200_000, 4_900_000]) {
      await test.advanceClock(ms);
      await Promise.all([two?.rotation.advance(), three.rotation.advance()]);
      await Promise.all([two?.rotation.advance(), three.rotation.advance()]);
    }
    const { rows: lines } = await test.database.pool.query<{ line: string }>(
      `SELECT action || ' ' || coalesce(state, '') AS line FROM keys.audit
         WHERE set_id = 'hydra.openid.id-token' AND peer = 'keys' ORDER BY id`,
    );
    expect(lines.map(({ line }) => line)).toEqual([
      'write active',
      'write staged',
      'state published',
      'state retiring',
      'state active',
      'delete retired',
    ]);
    const { rows: counts } = await test.database.pool.query('SELECT signatures::int FROM keys.signature_count');
    expect(counts).toEqual([{ signatures: 1 }]);
    const [plan] = await three.rotation.plan();
    expect(plan?.keys).toMatchObject([{ state: 'active', algorithm: 'ES256', signatures: 0 }]);
  });

  it('logs and notes each read of a private part with set, kid and peer', async () => {
    const manager = await open();
    const { jwk } = await manager.sets.getKey('hydra.consent.response', 'private', actor);
    expect(lines.at(-1)).toBe(
      `A private key was read {"set":"hydra.consent.response","kid":"${jwk.kid}","peer":"admin","request_id":"r-1"}`,
    );
    const { rows: audit } = await test.database.pool.query(
      `SELECT set_id, kid, peer FROM keys.audit WHERE action = 'read'`,
    );
    expect(audit).toEqual([{ set_id: 'hydra.consent.response', kid: jwk.kid, peer: 'admin' }]);
    expect(lines.join()).not.toContain(jwk.d?.slice(0, 16) ?? 'unreachable');
  });

  it('keeps the server certificate over a restart, and two nodes at once share one', async () => {
    const names = { issuer: 'https://op.example', host: '127.0.0.1' };
    const managers = await Promise.all([open(), open()]);
    const [one, two] = await Promise.all(managers.map((manager) => serverCertificate(manager, names)));
    expect(two).toEqual(one);
    expect(await serverCertificate(await open(), names)).toEqual(one);
    const views = await managers[0]?.sets.getSet('hydra.https-tls', actor);
    expect(Object.keys(views?.[0]?.jwk ?? {})).toEqual(['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y', 'x5c']);
    await expect(managers[0]?.sets.getKey('hydra.https-tls', 'private', actor)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
