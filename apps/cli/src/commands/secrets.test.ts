import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { deriveKey, deriveServiceSecrets, keyId, secretVerifier } from '@castellan/jwk';
import { openKeyManager, readKeysConfig, type KeyManager } from '@castellan/keys';
import { createSessionSeal } from '@castellan/oauth2';
import { claimDerivedSecrets, migrate, openDatabase } from '@castellan/postgres';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { createSilentLogger } from '@castellan/service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCommandLine } from '../testing/run-command.js';

const [older, newer] = ['the older system secret of this test', 'the newer system secret of this test'];
const [oldId, newId] = [older, newer].map((secret) => secretVerifier(secret, 'keys').keyId) as [string, string];
const actor = { peer: 'admin', requestId: 'r' };
const both = `${newer},${older}`;

describe('a system secret is replaced', () => {
  let test: TestDatabase;
  const managers: KeyManager[] = [];

  beforeEach(async () => {
    test = await createTestDatabase('keys');
    await migrate({ urls: { keys: test.url, token: test.url, warden: test.url }, onProgress: () => undefined });
  });
  afterEach(async () => {
    await Promise.all(managers.splice(0).map((manager) => manager.close()));
    await test.drop();
  });

  async function start(SYSTEM_SECRET: string): Promise<KeyManager> {
    const config = readKeysConfig({ DATABASE_URL: test.url, SYSTEM_SECRET, RSA_KEY_BITS: '2048' });
    const manager = await openKeyManager(config, { logger: createSilentLogger() });
    managers.push(manager);
    return manager;
  }

  /** What token and warden do at their start. */
  async function claim(component: 'token' | 'warden', systemSecrets: string) {
    const database = await openDatabase({ url: test.url, component, poolSize: 1 });
    const held = deriveServiceSecrets(systemSecrets, component).split(',');
    const answer = await claimDerivedSecrets(
      database,
      component,
      held.map((secret) => secretVerifier(secret, component)),
    );
    await database.close();
    return answer;
  }

  const run = (args: readonly string[], SYSTEM_SECRET: string) =>
    createCommandLine({ DATABASE_URL: test.url, SYSTEM_SECRET }).run(['secrets', ...args]);

  it('step by step, while the key manager goes on; each step can be repeated', async () => {
    const running = await start(older);
    await Promise.all([claim('token', older), claim('warden', older)]);
    await running.sets.generate({ set: 's', algorithm: 'ES256', name: '' }, actor);

    // Known to everybody, used by nobody.
    const second = await start(both);
    await second.sets.generate({ set: 't', algorithm: 'ES256', name: '' }, actor);
    expect(await running.sets.getSet('t', actor)).toHaveLength(2);
    const before = await run(['status'], both);
    expect(before.stdout).toMatch(new RegExp(`${oldId} +yes +in use +\\S+Z +8 +0`));
    expect(before.stdout).toMatch(new RegExp(`${newId} +yes +waiting +- +0 +0`));
    expect((await run(['rewrap'], both)).stdout).toContain(`0 keys are sealed with secret ${oldId} now`);
    expect((await run(['retire', newId], older)).exitCode).toBe(1);

    expect((await run(['add'], both)).stdout).toContain(`Secret ${newId} is in use`);
    expect((await run(['add'], both)).stdout).toContain('in use already');
    await expect(start(older)).rejects.toThrow(`The key IDs of what is missing: ${newId}`);
    expect((await claim('token', older)).kind).toBe('refused');
    expect((await claim('warden', both)).kind).toBe('accepted');
    const third = await start(both);
    await third.sets.generate({ set: 'u', algorithm: 'ES256', name: '' }, actor);
    expect(await second.sets.getSet('u', actor)).toHaveLength(2);

    const early = await run(['retire', oldId], both);
    expect([early.exitCode, early.stderr]).toEqual([
      1,
      `8 keys are sealed with secret ${oldId}. Run \`secrets rewrap\` first.\n`,
    ]);
    const rewrapped = await run(['rewrap'], both);
    expect(rewrapped.stdout).toBe(`8 keys are sealed with secret ${newId} now, and none with another.\n`);
    expect(rewrapped.stderr).toBe(`[${'#'.repeat(30)}] 8/8\n`);
    expect((await run(['rewrap'], both)).stdout).toContain('0 keys');

    expect((await run(['retire', oldId], both)).stderr).toContain('may be valid until');
    await test.advanceClock(2160 * 3_600_000);
    expect((await run(['retire', newId], both)).stderr).toBe(`Secret ${newId} is in use.\n`);
    expect((await run(['retire', oldId], both)).stdout).toContain(`Secret ${oldId} is needed no more`);

    const fourth = await start(newer);
    for (const set of ['s', 't', 'u']) expect(await fourth.sets.getSet(set, actor)).toHaveLength(2);
    expect(await claim('token', newer)).toMatchObject({ kind: 'accepted' });
    await expect(start(older)).rejects.toThrow('start is refused');
  });

  it('is not forgotten while client secrets may be bound to it, unless that is wanted', async () => {
    await start(older);
    await Promise.all([claim('token', older), claim('warden', older)]);
    await run(['add'], both);
    await run(['rewrap'], both);
    await test.advanceClock(2160 * 3_600_000);
    const tokenId = secretVerifier(deriveServiceSecrets(older, 'token'), 'token').keyId;
    await test.database.pool.query(
      `INSERT INTO token.client SELECT (jsonb_populate_record(NULL::token.client, $1)).*`,
      [await clientRow(tokenId)],
    );
    expect((await run(['status'], both)).stdout).toMatch(new RegExp(`${oldId} .* 1\n`));
    expect((await run(['retire', oldId], both)).stderr).toContain('1 generated client secrets');
    expect((await run(['retire', oldId, '--tokens-may-die'], both)).exitCode).toBe(0);
  });

  it('is not forgotten while grants are sealed with it: rewrap seals them anew', async () => {
    await start(older);
    await Promise.all([claim('token', older), claim('warden', older)]);
    const family = { bucket: 3000, id: 'a-family' };
    const session = { accessTokenExtra: {}, idTokenExtra: { email: 'alice@example.org' } };
    const [oldSeal, newSeal] = [older, newer].map((secret) => {
      const token = deriveServiceSecrets(secret, 'token');
      return createSessionSeal({
        keys: [{ id: keyId(token), key: deriveKey(token, 'grant-session/v1') }],
        randomBytes,
      });
    });
    await test.database.pool.query(
      `CREATE TABLE token.family_3000 PARTITION OF token.family FOR VALUES FROM (3000) TO (3001);
       INSERT INTO token.family (bucket, id, client_uid, client_id, subject, scopes, audience, session, created_at, expires_at)
       VALUES (3000, 'a-family', gen_random_uuid(), 'conf', 'alice', '{}', '{}', '${oldSeal?.seal(session, family)}',
         now(), now() + interval '1 year')`,
    );
    await run(['add'], both);
    const early = await run(['retire', oldId, '--tokens-may-die'], both);
    expect([early.exitCode, early.stdout]).toEqual([1, '']);
    const rewrapped = await run(['rewrap'], both);
    expect(rewrapped.stdout).toContain(`1 grants are sealed with secret ${newId} now, and none with another.`);
    const { rows } = await test.database.pool.query<{ session: string }>('SELECT session FROM token.family');
    expect(newSeal?.open(rows[0]?.session ?? '', family)).toEqual(session);
    expect((await run(['retire', oldId, '--tokens-may-die'], both)).exitCode).toBe(0);
  });

  it('is not forgotten while a grant alone is sealed with it', async () => {
    await start(older);
    await Promise.all([claim('token', older), claim('warden', older)]);
    await run(['add'], both);
    await run(['rewrap'], both);
    const tokenId = secretVerifier(deriveServiceSecrets(older, 'token'), 'token').keyId;
    await test.database.pool.query(
      `CREATE TABLE token.family_3000 PARTITION OF token.family FOR VALUES FROM (3000) TO (3001);
       INSERT INTO token.family (bucket, id, client_uid, client_id, subject, scopes, audience, session, created_at, expires_at)
       VALUES (3000, 'a-family', gen_random_uuid(), 'conf', 'alice', '{}', '{}', '${tokenId}.AAAA', now(), now() + interval '1 year')`,
    );
    const refused = await run(['retire', oldId, '--tokens-may-die'], both);
    expect(refused.stderr).toBe(`1 grants are sealed with secret ${oldId}. Run \`secrets rewrap\` first.\n`);
    // What was tampered with is named and left as it is.
    expect((await run(['rewrap'], both)).stderr).toContain('A row of token.family does not open');
  });

  /** A client with values for whatever a client must have. */
  async function clientRow(tokenId: string): Promise<string> {
    const { rows } = await test.database.pool.query<{ name: string; type: string }>(
      `SELECT column_name AS name, data_type AS type FROM information_schema.columns
         WHERE table_schema = 'token' AND table_name = 'client' AND is_nullable = 'NO'`,
    );
    const value = (type: string): unknown =>
      ({
        ARRAY: [],
        boolean: false,
        uuid: '00000000-0000-4000-8000-000000000000',
        bigint: 1,
        integer: 1,
        jsonb: {},
        'timestamp with time zone': '2026-01-01',
      })[type] ?? 'x';
    const columns = Object.fromEntries(rows.map(({ name, type }) => [name, value(type)]));
    return JSON.stringify({ ...columns, id: 'c', secret_kind: 'hmac', secret_hash: `${tokenId}.mac` });
  }

  it('is joined by the keys of an old Hydra, which had one of its own', async () => {
    const manager = await start(older);
    await Promise.all([claim('token', older), claim('warden', older)]);
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update('an old secret').digest(), nonce);
    const k = randomBytes(32).toString('base64url');
    const sealed = Buffer.concat([
      cipher.update(JSON.stringify({ kty: 'oct', kid: 'shared', k })),
      cipher.final(),
      cipher.getAuthTag(),
      nonce,
    ]);
    const { pool } = test.database;
    await pool.query('CREATE TABLE public.hydra_jwk (sid varchar, kid varchar, version int DEFAULT 0, keydata text)');
    await pool.query(`INSERT INTO public.hydra_jwk (sid, kid, keydata) VALUES ('old', 'shared', $1)`, [
      sealed.toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
    ]);
    const env = { DATABASE_URL: test.url, SYSTEM_SECRET: older };
    const importing = (HYDRA_SYSTEM_SECRET: string) =>
      createCommandLine({ ...env, HYDRA_SYSTEM_SECRET }).run(['keys', 'import-hydra', test.url]);
    expect(await importing('another secret')).toEqual({
      exitCode: 1,
      stdout: 'old shared: refused: the key does not open with this system secret\n',
      stderr: '1 of 1 keys were refused.\n',
    });
    expect((await importing('an old secret')).stdout).toBe('old shared: imported\n');
    expect((await importing('an old secret')).stdout).toBe('old shared: present\n');
    expect((await manager.sets.getKey('old', 'shared', actor)).jwk).toMatchObject({ kty: 'oct', k });
  });

  it('needs a list that the database knows, and a database', async () => {
    await start(older);
    const stranger = await run(['add'], 'a secret that nobody ever used');
    expect([stranger.exitCode, stranger.stdout]).toEqual([1, '']);
    expect(stranger.stderr).toContain('lacks a secret that the database needs');
    expect(stranger.stderr).not.toContain('nobody');
    const status = await run(['status'], newer);
    expect(status.stderr).toBe(`Secret ${oldId} is needed and is not in SYSTEM_SECRET.\n`);
    const nowhere = await createCommandLine({ SYSTEM_SECRET: older }).run(['secrets', 'status']);
    expect(nowhere.stderr).toContain('DATABASE_URL is not set');
  });
});

describe('the secrets of the embedded database', () => {
  it('are shown and replaced without a host that runs it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'castellan-secrets-'));
    chmodSync(folder, 0o755);
    const env = (SYSTEM_SECRET: string) => ({ DATABASE_URL: 'embedded', CASTELLAN_DATA: folder, SYSTEM_SECRET });
    try {
      const migrated = await createCommandLine(env(older)).run(['migrate', 'sql', 'embedded']);
      expect(migrated).toMatchObject({ exitCode: 0 });
      const status = await createCommandLine(env(older)).run(['secrets', 'status']);
      expect(status.exitCode, status.stderr).toBe(0);
      expect(status.stdout).toMatch(new RegExp(`${oldId}\\s+yes\\s+waiting`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
