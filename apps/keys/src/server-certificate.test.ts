import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { NamedJwk } from '@castellan/jwk';
import { describe, expect, it } from 'vitest';
import type { CertificateKey } from './key-manager.js';
import { serverCertificate } from './server-certificate.js';

const DAY = 24 * 60 * 60 * 1000;
const start = Date.parse('2026-11-23T12:00:00Z');
const issuer = 'https://op.example:4444/';

/** The certificate's key in memory, with exclusive work one after the other as the store does it. */
function createCertificateKey(): CertificateKey & { readonly written: NamedJwk[] } {
  const written: NamedJwk[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  return {
    written,
    read: () => Promise.resolve(written.at(-1)),
    replace: (jwk) => Promise.resolve(void written.push(jwk)),
    exclusively(work) {
      const result = queue.then(work);
      queue = result.catch(() => undefined);
      return result;
    },
  };
}

describe('server certificate', () => {
  it('names localhost, the loopback addresses, the issuer, HOST and the host name, and lives one year', async () => {
    const certificateKey = createCertificateKey();
    const names = { issuer, host: '192.0.2.7', hostname: 'Node-1', now: () => start };
    const { certPem, keyPem } = await serverCertificate({ certificateKey }, names);
    const certificate = new X509Certificate(certPem);
    for (const name of ['localhost', 'op.example', 'node-1']) expect(certificate.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1', '192.0.2.7']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost('evil.example')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(Date.parse(certificate.validTo) - start).toBe(365 * DAY);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(start);
    expect(keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
  });

  it('adds no name for unspecified addresses, and takes an IPv6 issuer', async () => {
    const certificateKey = createCertificateKey();
    await serverCertificate(
      { certificateKey },
      { issuer: 'https://[2001:db8::1]:4444', host: '0.0.0.0', now: () => start },
    );
    const { certPem } = await serverCertificate({ certificateKey }, { issuer, host: '::', now: () => start });
    const { subjectAltName } = new X509Certificate(certPem);
    expect(subjectAltName).not.toContain('0.0.0.0');
    expect(new X509Certificate(certPem).checkIP('2001:db8::1')).toBe('2001:db8::1');
  });

  it('stays the same after a restart until 30 days before its end', async () => {
    const certificateKey = createCertificateKey();
    const first = await serverCertificate({ certificateKey }, { issuer, now: () => start });
    const later = await serverCertificate({ certificateKey }, { issuer, now: () => start + 335 * DAY });
    expect(later).toEqual(first);
    const renewed = await serverCertificate({ certificateKey }, { issuer, now: () => start + 335 * DAY + 1000 });
    expect(renewed.certPem).not.toBe(first.certPem);
    expect(renewed.keyPem).not.toBe(first.keyPem);
    expect(certificateKey.written).toHaveLength(2);
  });

  it('is made anew when a name is missing, and keeps the names it had, so that two nodes do not take turns', async () => {
    const certificateKey = createCertificateKey();
    const at = (hostname: string) => serverCertificate({ certificateKey }, { issuer, hostname, now: () => start });
    await at('node-1');
    const second = await at('node-2');
    expect(await at('node-1')).toEqual(second);
    expect(certificateKey.written).toHaveLength(2);
  });

  it('is one when two nodes start at once', async () => {
    const certificateKey = createCertificateKey();
    const both = await Promise.all(
      [1, 2].map(() => serverCertificate({ certificateKey }, { issuer, now: () => start })),
    );
    expect(both[0]).toEqual(both[1]);
  });

  it('is trusted by whoever has it as a file, for its names', async () => {
    const { certPem, keyPem } = await serverCertificate({ certificateKey: createCertificateKey() }, { issuer });
    const server = createServer({ cert: certPem, key: keyPem }, (socket) => socket.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: certPem });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
    const distrusting = connect({ port, host: '127.0.0.1', servername: 'localhost' });
    const [error] = (await once(distrusting, 'error')) as [{ code: string }];
    expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    server.close();
  });
});
