import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startAdminServer } from '../testing/admin-server.js';
import { createCommandLine } from '../testing/run-command.js';
import { peerNames, writeDevelopmentCertificates } from './development-certificates.js';

const start = Date.now();
const days = 24 * 60 * 60 * 1000;

function read(folder: string, name: string): X509Certificate {
  return new X509Certificate(readFileSync(join(folder, name)));
}

describe('development certificates', () => {
  it('identify each peer, are signed by the CA, and are readable by their owner only', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-certs-'));
    const written = await writeDevelopmentCertificates(folder, ['keys.internal', '10.1.2.3'], start);
    expect(readdirSync(folder).sort()).toEqual(written.map((path) => path.slice(folder.length + 1)).sort());
    for (const path of written) expect(statSync(path).mode & 0o777).toBe(0o600);
    const authority = read(folder, 'ca.pem');
    for (const name of peerNames) {
      const certificate = read(folder, `${name}.pem`);
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(certificate.subjectAltName).toContain(`URI:spiffe://castellan/${name}`);
      expect(certificate.checkHost(name)).toBe(name);
      expect(certificate.checkHost('keys.internal')).toBe('keys.internal');
      expect(certificate.checkIP('10.1.2.3')).toBe('10.1.2.3');
    }
    expect(read(folder, 'https.pem').subjectAltName).not.toContain('URI:');
  });

  it('keep a valid CA, and replace one that ends soon or is broken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-certs-'));
    await writeDevelopmentCertificates(folder, [], start);
    const first = read(folder, 'ca.pem').fingerprint256;
    await writeDevelopmentCertificates(folder, [], start + 300 * days);
    expect(read(folder, 'ca.pem').fingerprint256).toBe(first);
    expect(read(folder, 'token.pem').verify(read(folder, 'ca.pem').publicKey)).toBe(true);
    await writeDevelopmentCertificates(folder, [], start + 340 * days);
    const second = read(folder, 'ca.pem').fingerprint256;
    expect(second).not.toBe(first);
    writeFileSync(join(folder, 'ca-key.pem'), 'broken');
    await writeDevelopmentCertificates(folder, [], start + 340 * days);
    expect(read(folder, 'ca.pem').fingerprint256).not.toBe(second);
  });
});

describe('an HTTPS server with a certificate of its own CA', () => {
  it('is trusted by file, by environment, or not at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-certs-'));
    const cli = createCommandLine();
    expect((await cli.run(['certs', 'dev', folder])).stdout).toContain(`${join(folder, 'https.pem')}\n`);
    const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const server = await startAdminServer({ cert: pem('https.pem'), key: pem('https-key.pem') });
    await cli.run(['connect'], { stdin: `${server.url}\nadmin\ndemo-password\n` });

    const refused = await cli.run(['token', 'client']);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(/certificate/);
    const ca = join(folder, 'ca.pem');
    expect(await cli.run(['token', 'client', '--tls-ca-file', ca])).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await cli.run(['token', 'client'], { env: { TLS_CA_FILE: ca } })).exitCode).toBe(0);
    for (const args of [
      ['--skip-tls-verify', 'token', 'client'],
      ['token', '--skip-tls-verify', 'client'],
      ['token', 'client', '--skip-tls-verify'],
    ]) {
      expect((await cli.run(args)).exitCode).toBe(0);
    }
    // It was for those runs only.
    expect((await cli.run(['token', 'client'])).exitCode).toBe(1);
    expect((await cli.run(['token', 'client', '--tls-ca-file', 'nowhere.pem'])).stderr).toMatch(
      /^Could not open file nowhere.pem/,
    );
    await server.close();
  });
});
