import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { randomBytes, webcrypto } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { writePrivateFile } from '../config-file.js';

/** Names of the peers that a development CA knows; each certificate carries `spiffe://castellan/<name>`. */
export const peerNames = ['gateway', 'admin', 'token', 'warden', 'keys', 'client'] as const;

type Authority = { readonly certificate: x509.X509Certificate; readonly keys: webcrypto.CryptoKeyPair };

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 24 * 60 * 60 * 1000;
// Long enough for a project, short enough for a key that lies in a folder.
const authorityLifetime = 365 * day;
const certificateLifetime = 90 * day;
const backdated = day / 24;

x509.cryptoProvider.set(webcrypto);

/**
 * Writes a CA, a certificate per peer for mutual TLS, and one for an HTTPS server, all readable by their owner only (0600). Every
 * certificate names localhost, its own service name and the hosts given. A CA in the folder that is still valid for 30 days is kept,
 * so that what trusts it goes on working. Returns the paths written. Throws when the folder cannot be written.
 */
export async function writeDevelopmentCertificates(
  folder: string,
  hosts: readonly string[],
  now: number = Date.now(),
): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  const write = async (name: string, content: string): Promise<void> => {
    await writePrivateFile(join(folder, name), content);
    written.push(join(folder, name));
  };

  const kept = await readAuthority(folder, now);
  const authority = kept ?? (await createAuthority(now));
  if (kept === undefined) {
    await write('ca.pem', pem(authority.certificate));
    await write('ca-key.pem', await privateKeyPem(authority.keys));
  }
  for (const name of peerNames) {
    const issued = await issue(authority, name, [name, ...hosts], now, `spiffe://castellan/${name}`);
    await write(`${name}.pem`, issued.certificate);
    await write(`${name}-key.pem`, issued.key);
  }
  const server = await issue(authority, 'localhost', hosts, now);
  await write('https.pem', server.certificate);
  await write('https-key.pem', server.key);
  return written;
}

async function createAuthority(now: number): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'O=Castellan, CN=Castellan development CA',
    notBefore: new Date(now - backdated),
    notAfter: new Date(now + authorityLifetime),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function readAuthority(folder: string, now: number): Promise<Authority | undefined> {
  try {
    const certificate = new x509.X509Certificate(await readFile(join(folder, 'ca.pem'), 'utf8'));
    if (certificate.notAfter.getTime() < now + 30 * day) return undefined;
    const der = x509.PemConverter.decodeFirst(await readFile(join(folder, 'ca-key.pem'), 'utf8'));
    const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
    const publicKey = (await certificate.publicKey.export(algorithm, ['verify'])) as webcrypto.CryptoKey;
    const authority = { certificate, keys: { privateKey, publicKey } };
    return (await isPair(authority.keys)) ? authority : undefined;
  } catch {
    return undefined;
  }
}

async function isPair(keys: webcrypto.CryptoKeyPair): Promise<boolean> {
  const probe = randomBytes(32);
  const signature = await webcrypto.subtle.sign(algorithm, keys.privateKey, probe);
  return webcrypto.subtle.verify(algorithm, keys.publicKey, signature, probe);
}

async function issue(
  authority: Authority,
  commonName: string,
  hosts: readonly string[],
  now: number,
  uri?: string,
): Promise<{ certificate: string; key: string }> {
  const keys = await generateKeys();
  const names = [...new Set(['localhost', ...hosts])].filter((host) => host !== '');
  const alternatives: x509.JsonGeneralNames = [
    ...names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
    ...(uri !== undefined ? [{ type: 'url' as const, value: uri }] : []),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `O=Castellan, CN=${commonName}`,
    issuer: authority.certificate.subject,
    notBefore: new Date(now - backdated),
    notAfter: new Date(Math.min(now + certificateLifetime, authority.certificate.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        ...(uri !== undefined ? [x509.ExtendedKeyUsage.clientAuth] : []),
      ]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate),
    ],
  });
  return { certificate: pem(certificate), key: await privateKeyPem(keys) };
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

// A leading zero bit keeps the number positive (RFC 5280, section 4.1.2.2).
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
