import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createTestDatabase } from '@castellan/postgres/testing';
import { describe, expect, it } from 'vitest';
import { send } from '../http.js';
import { run } from '../program.js';
import { CLI, type Product, rootToken, startProduct } from '../product.js';
import { headerOf } from './jwt.js';
import { admin, newTokens, rawTo, tokensOf, useTarget } from './target.js';

const target = useTarget({ mayFail: true });
/** How long a host that refuses to start may take for that: a bound on hanging, not on speed. */
const patienceMs = 90_000;
const secretMembers = /"(d|p|q|dp|dq|qi|k)":/;

/** For a host that shall not come so far as to listen. */
const hostEnvironment = {
  HOME: '/nonexistent',
  ISSUER: 'https://localhost:1',
  PORT: '1',
  CONSENT_URL: 'https://consent.example/',
};

async function reader(id: string, resources: readonly string[]): Promise<string> {
  const secret = 'a-secret-of-thirty-two-characters';
  await admin(target(), 'POST', '/clients', {
    id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    scope: 'hydra',
  });
  await admin(target(), 'POST', '/policies', {
    id: `for-${id}`,
    subjects: [id],
    effect: 'allow',
    resources,
    actions: ['get'],
  });
  const answer = await send(`${target().product.publicUrl}/oauth2/token`, {
    form: { grant_type: 'client_credentials', scope: 'hydra' },
    basic: [id, secret],
  });
  return tokensOf(answer).access_token;
}

function pair(bits = 2048): { private: Record<string, unknown>; public: Record<string, unknown> } {
  const keys = generateKeyPairSync('rsa', { modulusLength: bits });
  return {
    private: { ...keys.privateKey.export({ format: 'jwk' }) },
    public: { ...keys.publicKey.export({ format: 'jwk' }) },
  };
}

describe('the key manager', () => {
  it('JK-01: the right to a public key reads no private one, under whatever name', async () => {
    expect((await admin(target(), 'POST', '/keys/team', { alg: 'RS256', kid: 'one' })).status).toBe(201);
    const token = await reader('pubreader', [
      'rn:hydra:keys:team:public<.*>',
      'rn:hydra:keys:team:one',
      'rn:hydra:keys:team:<[^:]*>',
    ]);
    const open = await admin(target(), 'GET', '/keys/team/public:one', undefined, token);
    expect(open.status).toBe(200);
    expect(open.text).not.toMatch(secretMembers);
    const all = JSON.parse((await admin(target(), 'GET', '/keys/team')).text) as { keys: { kid: string }[] };
    for (const kid of ['private:one', 'private', 'one', ...all.keys.map((key) => key.kid)]) {
      const answer = await admin(target(), 'GET', `/keys/team/${encodeURIComponent(kid)}`, undefined, token);
      expect(answer.text, kid).not.toMatch(secretMembers);
    }
  });

  it('JK-02: a set with a key that may not be read is not read', async () => {
    const token = await reader('setreader', ['rn:hydra:keys:team', 'rn:hydra:keys:team:public:one']);
    const answer = await admin(target(), 'GET', '/keys/team', undefined, token);
    expect(answer.status).toBe(403);
    expect(answer.text).not.toContain('"kty"');
  });

  it('JK-01: a read that was refused is no read, and one that was allowed is noted once', async () => {
    const kid = 'a-real-key-id';
    expect((await admin(target(), 'PUT', `/keys/ledger/${kid}`, { ...pair().private, kid })).status).toBe(200);
    const readsOf = async (): Promise<number> => {
      const counted = `SELECT count(*)::int AS n FROM keys.audit WHERE set_id = 'ledger' AND action = 'read'`;
      return (await target().database.database.pool.query<{ n: number }>(counted)).rows[0]?.n ?? -1;
    };
    const stranger = await reader('stranger', ['rn:hydra:keys:another:<.*>']);
    const nearly = await reader('nearly', ['rn:hydra:keys:ledger:public']);
    const key = { ...pair().private, kid };
    for (const token of [stranger, nearly]) {
      for (const [method, path, json] of [
        ['GET', `/keys/ledger/${kid}`],
        ['GET', '/keys/ledger/private'],
        ['GET', '/keys/ledger'],
        ['GET', `/admin/keys/ledger/${kid}`],
        ['GET', '/admin/keys/ledger'],
        ['PUT', `/keys/ledger/${kid}`, key],
        ['DELETE', `/keys/ledger/${kid}`],
        ['DELETE', '/keys/ledger'],
      ] as const) {
        expect((await admin(target(), method, path, json, token)).status, `${method} ${path}`).toBe(403);
      }
    }
    expect(await readsOf()).toBe(0);
    expect((await admin(target(), 'GET', `/keys/ledger/${kid}`)).text).toMatch(secretMembers);
    expect(await readsOf()).toBe(1);
    expect((await admin(target(), 'GET', '/keys/ledger')).text).toMatch(secretMembers);
    expect(await readsOf()).toBe(2);
    expect((await admin(target(), 'PUT', `/keys/ledger/${kid}`, key)).status).toBe(200);
    expect((await admin(target(), 'DELETE', `/keys/ledger/${kid}`)).status).toBe(204);
    expect(await readsOf()).toBe(2);
  });

  it('JK-03: a key sealed for one place does not open in another', async () => {
    await admin(target(), 'POST', '/keys/left', { alg: 'RS256' });
    await admin(target(), 'POST', '/keys/right', { alg: 'RS256' });
    const { pool } = target().database.database;
    const { rows } = await pool.query<{ column_name: string }>(
      `SELECT column_name FROM information_schema.columns WHERE table_schema = 'keys' AND table_name = 'key' AND data_type = 'bytea'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    const columns = rows.map(({ column_name: name }) => name);
    const swap = columns.map((name) => `${name} = other.${name}`).join(', ');
    await pool.query(
      `UPDATE keys.key k SET ${swap} FROM keys.key other WHERE k.set_id = 'right' AND other.set_id = 'left' AND k.part = 'private' AND other.part = 'private'`,
    );
    const answer = await admin(target(), 'GET', '/keys/right/private');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(secretMembers);
    expect(answer.text).not.toMatch(/decipher|unable|stack|at /i);
    await admin(target(), 'DELETE', '/keys/right');
  });

  it.each<[string, () => unknown]>([
    ['RSA of 1024 bits', () => ({ ...pair(1024).private, kid: 'x' })],
    ['a private key as public', () => ({ ...pair().private, kid: 'public' })],
    ['a public key as private', () => ({ ...pair().public, kid: 'private' })],
    ['a secret of 128 bits', () => ({ kty: 'oct', kid: 'x', k: randomBytes(16).toString('base64url') })],
    ['an empty secret', () => ({ kty: 'oct', kid: 'x', k: '' })],
    [
      'a point off its curve',
      () => ({
        kty: 'EC',
        crv: 'P-256',
        kid: 'x',
        x: randomBytes(32).toString('base64url'),
        y: randomBytes(32).toString('base64url'),
      }),
    ],
    [
      'the point zero',
      () => ({
        kty: 'EC',
        crv: 'P-256',
        kid: 'x',
        x: Buffer.alloc(32).toString('base64url'),
        y: Buffer.alloc(32).toString('base64url'),
      }),
    ],
    ['an unknown curve', () => ({ kty: 'EC', crv: 'secp256k1', kid: 'x', x: 'AA', y: 'AA' })],
    ['the exponent one', () => ({ ...pair().public, e: 'AQ', kid: 'x' })],
    ['an even exponent', () => ({ ...pair().public, e: 'Ag', kid: 'x' })],
    ['an unknown type', () => ({ kty: 'constructor', kid: 'x' })],
    ['another kid than the path', () => ({ ...pair().public, kid: 'y' })],
    ['a kid as an object', () => ({ ...pair().public, kid: {} })],
    ['alg none', () => ({ ...pair().public, kid: 'x', alg: 'none' })],
    ['the algorithm of another type', () => ({ ...pair().public, kid: 'x', alg: 'HS256' })],
    ['more than two primes', () => ({ ...pair().private, kid: 'x', oth: [] })],
    ['the halves of two keys', () => ({ ...pair().private, kid: 'x', n: pair().public['n'] })],
    ['a kid that leads elsewhere', () => ({ ...pair().public, kid: '../x' })],
  ])('JK-10, JW-05, JW-07: %s is not imported', async (_what, make) => {
    const jwk = make();
    const kid = (jwk as { kid?: unknown }).kid;
    const path = kid === 'public' || kid === 'private' ? `/keys/imported/${kid}` : '/keys/imported/x';
    const one = await admin(target(), 'PUT', path, jwk);
    expect(one.status).toBe(400);
    if (kid !== 'y') expect((await admin(target(), 'PUT', '/keys/imported', { keys: [jwk] })).status).toBe(400);
    expect((await admin(target(), 'GET', '/keys/imported')).status).toBe(404);
  });

  it('JK-10, JW-34: two keys of one name, and too many, are refused', async () => {
    const key = { ...pair().public, kid: 'same' };
    expect(
      (await admin(target(), 'PUT', '/keys/many', { keys: [key, { ...pair().public, kid: 'same' }] })).status,
    ).toBe(400);
    const many = Array.from({ length: 51 }, (_, index) => ({
      kty: 'oct',
      kid: `k${index}`,
      k: randomBytes(32).toString('base64url'),
    }));
    expect((await admin(target(), 'PUT', '/keys/many', { keys: many })).status).toBe(400);
    expect((await admin(target(), 'PUT', '/keys/many', { keys: [] })).status).toBe(400);
  });

  it.each(['none', 'HS1', 'RS1', 'constructor', '__proto__', 'RSA1_5', 'rs256', 'HS256 '])(
    'JK-17: nothing is generated for the algorithm %j',
    async (alg) => {
      expect((await admin(target(), 'POST', '/keys/odd', { alg })).status).toBe(400);
    },
  );

  it('JK-17, JW-35: the sets of this server keep their kind, and their private parts', async () => {
    for (const set of ['hydra.openid.id-token', 'hydra.consent.challenge']) {
      expect((await admin(target(), 'POST', `/keys/${set}`, { alg: 'HS256' })).status).toBe(400);
      // The keys of ID tokens may be rotated to another asymmetric algorithm, which signs nothing before verifiers can
      // know it; those of the challenge stay what consent apps verify.
      const other = set === 'hydra.openid.id-token' ? 201 : 400;
      expect((await admin(target(), 'POST', `/keys/${set}`, { alg: 'ES512' })).status).toBe(other);
      const secret = { kty: 'oct', kid: 'private', k: randomBytes(32).toString('base64url') };
      expect((await admin(target(), 'PUT', `/keys/${set}`, { keys: [secret] })).status).toBeGreaterThanOrEqual(400);
      for (const path of [`/keys/${set}/private`, `/keys/${set}`]) {
        const answer = await admin(target(), 'GET', path);
        expect(answer.text).not.toMatch(secretMembers);
      }
    }
    expect(headerOf((await newTokens(target())).id_token)['alg']).toBe('RS256');
  });

  it('JK-04: the kid of an ID token is in the public set and in no other', async () => {
    const { keys } = JSON.parse((await rawTo(target(), { path: '/.well-known/jwks.json' })).body) as {
      keys: { kid: string }[];
    };
    expect(keys.map((key) => key.kid)).toContain(headerOf((await newTokens(target())).id_token)['kid']);
    for (const key of keys) expect(['public', 'private']).not.toContain(key.kid);
  });

  it('JK-05, JK-07: a wrong secret for a database stops the start, a missing one too, and neither shows one', async () => {
    const env = { ...hostEnvironment, DATABASE_URL: target().database.url };
    const wrong = await run(CLI, ['host'], {
      env: { ...env, SYSTEM_SECRET: 'another-secret-than-the-first-one' },
      timeoutMs: patienceMs,
    });
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).not.toContain('another-secret-than-the-first-one');
    const missing = await run(CLI, ['host'], { env, timeoutMs: patienceMs });
    expect(missing.code).not.toBe(0);
    expect(missing.stdout + missing.stderr).toMatch(/SYSTEM_SECRET/);
    const short = await run(CLI, ['host'], { env: { ...env, SYSTEM_SECRET: 'short' }, timeoutMs: patienceMs });
    expect(short.code).not.toBe(0);
    // Nothing was overwritten.
    expect((await newTokens(target())).id_token.split('.')).toHaveLength(3);
  }, 400_000);

  it('JK-06: while secrets are replaced keys are read with both, and nothing starts with one of them alone', async () => {
    const database = await createTestDatabase('keys');
    const [older, newer] = ['the-older-secret-of-this-database', 'the-newer-secret-of-this-database'];
    const serve = (systemSecret: string) =>
      startProduct({ mode: 'host', databaseUrl: database.url, systemSecret, env: { RSA_KEY_BITS: '2048' } });
    const secrets = (command: string) =>
      run(CLI, ['secrets', command], {
        env: { HOME: '/nonexistent', DATABASE_URL: database.url, SYSTEM_SECRET: `${newer},${older}` },
      });
    const read = async (product: Product) =>
      (await send(`${product.adminUrl}/keys/kept/private`, { bearer: await rootToken(product) })).text;
    const refused = async (SYSTEM_SECRET: string) => {
      const { code, stdout, stderr } = await run(CLI, ['host'], {
        env: { ...hostEnvironment, DATABASE_URL: database.url, SYSTEM_SECRET },
        timeoutMs: patienceMs,
      });
      expect([1, 78]).toContain(code);
      expect(stdout + stderr).toMatch(/The key IDs of what is missing: [0-9a-f]{8}/);
      expect(stdout + stderr).not.toContain(SYSTEM_SECRET);
    };
    try {
      const before = await serve(older);
      const key = { json: { alg: 'ES256' }, bearer: await rootToken(before) };
      expect((await send(`${before.adminUrl}/keys/kept`, key)).status).toBe(201);
      const kept = await read(before);
      expect(kept).toMatch(secretMembers);
      await before.stop();
      expect((await secrets('add')).code).toBe(0);
      await refused(newer);
      await refused(older);
      const both = await serve(`${newer},${older}`);
      expect(await read(both)).toBe(kept);
      expect((await secrets('rewrap')).code).toBe(0);
      expect(await read(both)).toBe(kept);
      await both.stop();
    } finally {
      await database.drop();
    }
  }, 600_000);
});
