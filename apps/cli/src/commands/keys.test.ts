import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connected, startAdminServer, type AdminServer } from '../testing/admin-server.js';
import { createCommandLine, type CommandLine } from '../testing/run-command.js';

let server: AdminServer;
let cli: CommandLine;

const set = 'hydra.openid.id-token';
const plan = {
  set,
  now: '2026-11-23T12:00:00.123Z',
  alg: 'RS256',
  rotated_every_seconds: 7_776_000,
  published_for_seconds: 1_200,
  shown_after_signing_for_seconds: 4_830,
  keys: [
    {
      kid: 'thumbprint-1',
      alg: 'RS256',
      state: 'active',
      since: '2026-11-23T11:00:00.500Z',
      signatures: 42,
      next_state: 'retiring',
      next_at: '2027-02-21T11:00:00.500Z',
    },
  ],
  next: {
    staged_at: '2027-02-21T09:40:00Z',
    published_at: '2027-02-21T10:40:00Z',
    active_at: '2027-02-21T11:00:00Z',
  },
};
const shown = `hydra.openid.id-token: rotated every 90d, new keys are RS256 keys
  published for 20m before signing, shown for 1h20m30s after
  KEY ID        ALG    STATE   SINCE                 SIGNED  NEXT
  thumbprint-1  RS256  active  2026-11-23T11:00:00Z  42      retiring from 2027-02-21T11:00:00Z
  next key: made 2027-02-21T09:40:00Z, published 2027-02-21T10:40:00Z, signs from 2027-02-21T11:00:00Z
`;

beforeAll(async () => {
  server = await startAdminServer();
  cli = createCommandLine(connected(server));
});
beforeEach(() => {
  server.seen.length = 0;
  server.answers.clear();
  server.answers.set('GET /rotation', { status: 200, body: { sets: [plan] } });
});
afterAll(() => server.close());

describe('keys plan', () => {
  it('shows what signs, what will, and when', async () => {
    expect(await cli.run(['keys', 'plan'])).toEqual({ exitCode: 0, stdout: shown, stderr: '' });
  });
});

describe('keys rotate', () => {
  it('publishes the next key and shows the plan', async () => {
    server.answers.set(`POST /rotation/${set}`, { status: 200, body: plan });
    expect(await cli.run(['keys', 'rotate', set, '-a', 'ES256'])).toEqual({ exitCode: 0, stdout: shown, stderr: '' });
    expect(server.seen.map(({ method, body }) => [method, body])).toEqual([['POST', '{"alg":"ES256"}']]);
  });

  it('in an emergency says what breaks, and does nothing until the set is named again', async () => {
    const refused = await cli.run(['keys', 'rotate', set, '--emergency'], { stdin: 'yes\n' });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('EMERGENCY ROTATION of hydra.openid.id-token. All 1 keys');
    expect(refused.stderr).toContain('thumbprint-1 (active)');
    expect(refused.stderr).toContain('stops verifying');
    expect(refused.stderr).toContain('Nothing was changed.');
    expect(server.seen.map(({ method }) => method)).toEqual(['GET']);

    server.answers.set(`POST /rotation/${set}/emergency`, { status: 200, body: plan });
    const done = await cli.run(['keys', 'rotate', set, '--emergency'], { stdin: `${set}\n` });
    expect(done.exitCode).toBe(0);
    expect(server.seen.at(-1)).toMatchObject({ method: 'POST', path: `/rotation/${set}/emergency`, body: '{}' });
  });

  it('in an emergency with --yes asks nothing, and is as loud', async () => {
    server.answers.set(`POST /rotation/${set}/emergency`, { status: 200, body: plan });
    const done = await cli.run(['keys', 'rotate', set, '--emergency', '--yes']);
    expect([done.exitCode, done.stdout]).toEqual([0, shown]);
    expect(done.stderr).toContain('What breaks:');
  });

  it('refuses an emergency in a set that is not rotated', async () => {
    const refused = await cli.run(['keys', 'rotate', 'mine', '--emergency', '--yes']);
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      'Key set mine is not rotated; these are: hydra.openid.id-token.\n',
    ]);
  });
});

describe('keys import', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'castellan-keys-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };

  it('sends a JWK under its name, PEM as it is, and anything else as PKCS #12', async () => {
    server.answers.set('PUT /keys/mine/k1', { status: 200, body: {} });
    server.answers.set('POST /key-imports/mine', { status: 201, body: { kid: 'thumbprint' } });
    const jwk = await cli.run(['keys', 'import', 'mine', file('k.json', '{"kty":"EC","kid":"k1","d":"x"}')]);
    expect(jwk).toEqual({ exitCode: 0, stdout: 'Key k1 is in set mine.\n', stderr: '' });
    const pem = '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n';
    await cli.run(['keys', 'import', 'mine', file('k.pem', pem), '--alg', 'ES256']);
    await cli.run(['keys', 'import', 'mine', file('k.p12', Buffer.from([48, 130, 1, 0])), '--passphrase-stdin'], {
      stdin: 'open-sesame\n',
    });
    expect(server.seen.map(({ method, path: url, body }) => [method, url, JSON.parse(body)])).toEqual([
      ['PUT', '/keys/mine/k1', { kty: 'EC', kid: 'k1', d: 'x' }],
      ['POST', '/key-imports/mine', { alg: 'ES256', pem }],
      ['POST', '/key-imports/mine', { pkcs12: 'MIIBAA==', passphrase: 'open-sesame' }],
    ]);
  });

  it('shows no key in a dry run', async () => {
    const dry = await cli.run(['keys', 'import', 'mine', file('d.json', '{"kid":"k1","d":"do-not-show"}'), '--dry']);
    expect(dry.stdout).toContain('/keys/mine/k1');
    expect(dry.stdout).not.toContain('do-not-show');
  });

  it('refuses what is no key', async () => {
    const bad = await cli.run(['keys', 'import', 'mine', file('bad.json', '{nope')]);
    expect([bad.exitCode, server.seen]).toEqual([1, []]);
    const nameless = await cli.run(['keys', 'import', 'mine', file('nameless.json', '{"kty":"EC"}')]);
    expect([nameless.exitCode, server.seen]).toEqual([2, []]);
  });
});
