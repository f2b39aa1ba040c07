import { openKeyManager, readKeysConfig } from '@castellan/keys';
import { deriveServiceSecret, secretVerifier } from '@castellan/jwk';
import { claimDerivedSecrets } from '@castellan/postgres';
import { createTestDatabase, testServerUrl, type TestDatabase } from '@castellan/postgres/testing';
import { createSilentLogger } from '@castellan/service';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeDevelopmentCertificates } from '../certificates/development-certificates.js';
import { examine } from '../doctor/examine.js';
import type { Finding, Patient } from '../doctor/finding.js';
import { createCommandLine } from '../testing/run-command.js';
import { freePort } from '../tour/stage.js';

const day = 24 * 60 * 60 * 1000;
const secret = 'the-system-secret-of-this-test-which-is-long';
const workspace = path.resolve(import.meta.dirname, '../../../..');

let test: TestDatabase;
let folder: string;
let certs: string;
let pages: Server;
let pagesUrl: string;
let keys: ChildProcess;
let keysPort: number;

/** The mTLS settings of a service. */
function tls(name: string, from = certs): NodeJS.ProcessEnv {
  return {
    GRPC_TLS_CERT_PATH: path.join(from, `${name}.pem`),
    GRPC_TLS_KEY_PATH: path.join(from, `${name}-key.pem`),
    GRPC_TLS_CA_PATH: path.join(from, 'ca.pem'),
  };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'castellan-doctor-'));
  certs = path.join(folder, 'certs');
  await writeDevelopmentCertificates(certs, []);
  test = await createTestDatabase('keys');
  pages = createServer((request, response) => {
    const document = { issuer: request.url?.startsWith('/other') ? 'https://somebody.else' : `${pagesUrl}` };
    response.end(request.url?.includes('openid-configuration') ? JSON.stringify(document) : 'a page');
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  pagesUrl = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;

  // The start of the three services: they register their secrets and make their keys.
  const env = { DATABASE_URL: test.url, SYSTEM_SECRET: secret, RSA_KEY_BITS: '2048' };
  await (await openKeyManager(readKeysConfig(env), { logger: createSilentLogger() })).close();
  for (const component of ['token', 'warden'] as const) {
    const database = await test.openReplica(component);
    await claimDerivedSecrets(database, component, [secretVerifier(deriveServiceSecret(secret, component), component)]);
  }
  keysPort = await freePort();
  keys = spawn(process.execPath, [path.join(workspace, 'apps/keys/dist/main.js')], {
    env: { PATH: process.env['PATH'], ...env, ...tls('keys'), GRPC_PORT: String(keysPort), OPS_PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve) => {
    keys.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Setting up operations server')) resolve();
    });
  });
}, 180_000);

afterAll(async () => {
  keys?.kill('SIGKILL');
  pages?.close();
  await test?.drop();
  rmSync(folder, { recursive: true, force: true });
});

function healthy(): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: test.url,
    SYSTEM_SECRET: secret,
    ISSUER: pagesUrl,
    DANGEROUS_FORCE_HTTP: '1',
    CONSENT_URL: `${pagesUrl}/consent`,
    REDIS_URL: process.env['CASTELLAN_TEST_REDIS'] ?? '',
    ...tls('warden'),
  };
}

async function findings(
  patient: Patient,
  env: NodeJS.ProcessEnv,
  now: () => number = Date.now,
): Promise<readonly Finding[]> {
  return examine({ patient, env, now, dataFolder: folder });
}

/** What is not well, without the advice. */
async function complaints(patient: Patient, env: NodeJS.ProcessEnv, now?: () => number): Promise<readonly string[]> {
  const found = await findings(patient, env, now);
  for (const { status, advice } of found) expect(advice !== '').toBe(status !== 'ok');
  return found
    .filter(({ status }) => status !== 'ok')
    .map(({ status, check, finding }) => `${status} ${check}: ${finding}`);
}

describe('castellan doctor', () => {
  it('finds nothing wrong with what is well, in words and in JSON, and changes nothing', async () => {
    const cli = createCommandLine();
    const said = await cli.run(['doctor', 'host'], { env: healthy() });
    expect(said.stdout).toMatch(/^ok {7}database keys: PostgreSQL \d+.* answers, role /m);
    expect(said.stdout).toMatch(/^ok {7}schema token: every migration/m);
    expect(said.stdout).toMatch(/^ok {7}secret warden: SYSTEM_SECRET belongs to this database/m);
    expect(said.stdout).toMatch(/^ok {7}keys hydra\.openid\.id-token: 1 private keys, one of them signs$/m);
    expect(said.stdout).toMatch(/^ok {7}certificate mTLS: is valid until /m);
    expect(said.stdout).toMatch(/^ok {7}redis: answers$/m);
    expect(said.stdout).toMatch(/^ok {7}issuer: http.* names itself$/m);
    expect([said.exitCode, said.stderr]).toEqual([0, '']);
    // The one thing that is dangerous by intention.
    expect(said.stdout.match(/^(warning|error).*$/gm)).toEqual(['warning  configuration: DANGEROUS_FORCE_HTTP is on']);
    const json = await cli.run(['doctor', 'host', '--format', 'json', '--strict'], { env: healthy() });
    const parsed = JSON.parse(json.stdout) as Finding[];
    expect(parsed.filter(({ status }) => status !== 'ok')).toEqual([
      {
        check: 'configuration',
        status: 'warning',
        finding: 'DANGEROUS_FORCE_HTTP is on',
        advice: 'take it away everywhere but on a machine of one person',
      },
    ]);
    expect([json.exitCode, json.stderr]).toEqual([
      1,
      '{"error":{"message":"0 errors and 1 warnings.","exit_code":1}}\n',
    ]);
    expect((await cli.run(['doctor', 'nobody'])).exitCode).toBe(2);
  });

  it('names every setting that is missing or wrong, and shows no value of a secret', async () => {
    const env = { ...healthy(), SYSTEM_SECRET: 'hunter2', CONSENT_URL: 'nowhere', ISUER: 'x', DATABASE_URL: '' };
    expect(await complaints('host', env)).toEqual(
      expect.arrayContaining([
        'error configuration: CONSENT_URL: must be an absolute http or https URL',
        'error configuration: ISUER: is not known; did you mean ISSUER?',
        expect.stringMatching(/^error configuration: DATABASE_URL is not set/),
      ]),
    );
    expect(JSON.stringify(await findings('host', env))).not.toContain('hunter2');
  });

  it('finds a database that is away, and one without a schema, and says what to run', async () => {
    const away = await findings('token', {
      ...healthy(),
      ...tls('token'),
      TOKEN_SECRET: deriveServiceSecret(secret, 'token'),
      DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${await freePort()}/d`,
    });
    expect(away.find(({ check }) => check === 'database token')).toMatchObject({ status: 'error' });
    expect(JSON.stringify(away)).not.toContain('hunter2');
    const empty = await findings('keys', { ...healthy(), ...tls('keys'), DATABASE_URL: testServerUrl('postgres') });
    expect(empty.find(({ check }) => check === 'schema keys')).toEqual({
      check: 'schema keys',
      status: 'error',
      finding: expect.stringMatching(/^The database schema "keys" lacks \d+ of \d+ migrations/) as string,
      advice: 'castellan migrate sql --read-from-env, before anything is started',
    });
  });

  it('finds a secret that is not that of the database', async () => {
    const found = await complaints('host', { ...healthy(), SYSTEM_SECRET: `${secret} but another one` });
    for (const component of ['keys', 'token', 'warden']) {
      expect(found).toContainEqual(
        expect.stringMatching(
          new RegExp(`^error secret ${component}: SYSTEM_SECRET is not the one that this database was first used with`),
        ),
      );
    }
    expect(found).toContainEqual(expect.stringMatching(/^error keys hydra\.openid\.id-token: .* cannot be opened/));
  });

  it('finds clocks that differ', async () => {
    expect(await complaints('host', { ...healthy() }, () => Date.now() - 5_000)).toContainEqual(
      expect.stringMatching(/^warning clock token: the clock of the database is [45]\.\d\d s ahead of this machine's$/),
    );
    expect(await complaints('host', { ...healthy() }, () => Date.now() + 300_000)).toContainEqual(
      expect.stringMatching(/^error clock token: the clock of the database is (299|300) s behind this machine's$/),
    );
  });

  it('finds keys that nobody can open, and a set without a key that signs', async () => {
    const broken = await createTestDatabase('keys');
    try {
      const env = { DATABASE_URL: broken.url, SYSTEM_SECRET: secret, RSA_KEY_BITS: '2048' };
      await (await openKeyManager(readKeysConfig(env), { logger: createSilentLogger() })).close();
      await broken.database.pool.query(
        `UPDATE keys.key SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE set_id = 'hydra.openid.id-token'`,
      );
      await broken.database.pool.query(
        `UPDATE keys.key SET state = 'retiring' WHERE set_id = 'hydra.consent.challenge'`,
      );
      const found = await complaints('keys', { ...env, ...tls('keys') });
      expect(found).toContainEqual(
        expect.stringMatching(/^error keys hydra\.openid\.id-token: \S+.* cannot be opened/),
      );
      expect(found).toContainEqual('error keys hydra.consent.challenge: no key signs');
    } finally {
      await broken.drop();
    }
  });

  it('judges certificates: their time, key, authority and name', async () => {
    const at = (name: string, ageDays: number): Promise<string[]> =>
      writeDevelopmentCertificates(path.join(folder, name), [], Date.now() - ageDays * day);
    await Promise.all([at('old', 85), at('over', 95), at('foreign', 0)]);
    const said = async (name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> =>
      (await complaints('keys', { ...healthy(), ...tls('keys'), ...env })).find((line) => line.includes(name));
    expect(await said('mTLS', {})).toBeUndefined();
    expect(await said('mTLS', tls('keys', path.join(folder, 'old')))).toMatch(/^warning certificate mTLS: ends /);
    expect(await said('mTLS', tls('keys', path.join(folder, 'over')))).toMatch(/^error certificate mTLS: ended /);
    expect(await said('mTLS', { GRPC_TLS_CA_PATH: path.join(folder, 'foreign/ca.pem') })).toBe(
      'error certificate mTLS: no authority of GRPC_TLS_CA_PATH made it',
    );
    expect(await said('mTLS', tls('token'))).toBe(
      'error certificate mTLS: names spiffe://castellan/token, and must name spiffe://castellan/keys alone',
    );
    expect(await said('mTLS', { GRPC_TLS_KEY_PATH: path.join(certs, 'token-key.pem') })).toBe(
      'error certificate mTLS: the key is not that of the certificate',
    );
    const https = {
      HTTPS_TLS_CERT_PATH: path.join(certs, 'https.pem'),
      HTTPS_TLS_KEY_PATH: path.join(certs, 'https-key.pem'),
    };
    expect(await said('HTTPS', { ...https, ISSUER: 'https://id.example.com' })).toBe(
      'error certificate HTTPS: does not name id.example.com, the host of ISSUER',
    );
    expect(await said('HTTPS', { ...https, ISSUER: 'https://localhost:4444' })).toBeUndefined();
    writeFileSync(path.join(folder, 'garbage.pem'), 'garbage');
    expect(await said('HTTPS', { ...https, HTTPS_TLS_KEY_PATH: path.join(folder, 'garbage.pem') })).toMatch(
      /cannot be read as PEM$/,
    );
  });

  it('asks the services that the program calls, with its own certificate', async () => {
    const env = {
      ...healthy(),
      KEYS_GRPC: `localhost:${keysPort}`,
      TOKEN_GRPC: `localhost:${await freePort()}`,
    };
    const found = await findings('gateway', { ...env, ...tls('gateway') });
    expect(
      found.filter(({ check }) => check.startsWith('service')).map(({ status, finding }) => `${status} ${finding}`),
    ).toEqual([`error ${env.TOKEN_GRPC} cannot be reached`, `ok ${env.KEYS_GRPC} serves`]);
    const foreign = path.join(folder, 'strangers');
    await writeDevelopmentCertificates(foreign, []);
    const refused = await findings('gateway', { ...env, ...tls('gateway', foreign) });
    expect(refused.find(({ check }) => check === 'service keys')?.status).toBe('error');
  });

  it('warns of Redis, the consent app and an issuer that do not answer, and refuses an issuer that is another one', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const env = { ...healthy(), REDIS_URL: nobody.replace('http', 'redis'), CONSENT_URL: nobody, ISSUER: nobody };
    expect(await complaints('host', env)).toEqual([
      'warning configuration: DANGEROUS_FORCE_HTTP is on',
      expect.stringMatching(/^warning redis: does not answer/),
      `warning CONSENT_URL: ${nobody} does not answer (ECONNREFUSED)`,
      `warning issuer: ${nobody} does not answer (ECONNREFUSED)`,
    ]);
    expect(await complaints('host', { ...healthy(), ISSUER: `${pagesUrl}/other` })).toContain(
      `error issuer: ${pagesUrl}/other answers as another issuer`,
    );
  });

  it('reaches Redis over TLS, when it is told whom to trust', async () => {
    const port = await freePort();
    const redis = spawn(
      'redis-server',
      [
        ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'yes', '--save', '', '--dir', folder],
        ...['--tls-cert-file', path.join(certs, 'https.pem'), '--tls-key-file', path.join(certs, 'https-key.pem')],
        ...['--tls-ca-cert-file', path.join(certs, 'ca.pem'), '--bind', '127.0.0.1'],
      ],
      { stdio: 'ignore' },
    );
    try {
      const env = { ...healthy(), REDIS_URL: `rediss://localhost:${port}` };
      const trusting = {
        REDIS_TLS_CA_PATH: path.join(certs, 'ca.pem'),
        REDIS_TLS_CERT_PATH: path.join(certs, 'client.pem'),
        REDIS_TLS_KEY_PATH: path.join(certs, 'client-key.pem'),
      };
      const status = async (more: NodeJS.ProcessEnv) =>
        (await findings('host', { ...env, ...more })).find(({ check }) => check === 'redis')?.status;
      await vi.waitUntil(async () => (await status(trusting)) === 'ok', { timeout: 60_000 });
      expect(await status({})).toBe('warning');
      expect(await status({ REDIS_TLS_CA_PATH: trusting.REDIS_TLS_CA_PATH })).toBe('warning');
    } finally {
      redis.kill('SIGKILL');
    }
  }, 180_000);

  it('says of an embedded database where it is, and starts none', async () => {
    const found = await findings('host', { ...healthy(), DATABASE_URL: 'embedded' });
    expect(found.find(({ check }) => check === 'database')?.finding).toBe(
      `the embedded PostgreSQL keeps its data in ${folder}; host starts and migrates it`,
    );
  });
});
