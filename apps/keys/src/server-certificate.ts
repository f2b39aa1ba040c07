import 'reflect-metadata';
import { createPrivateKey, type JsonWebKey, webcrypto } from 'node:crypto';
import { type NamedJwk, thumbprint } from '@castellan/jwk';
import * as x509 from '@peculiar/x509';
import type { CertificateKey } from './key-manager.js';

/** A certificate and its key as PEM texts, the private key in PKCS #8. */
export type ServerCertificate = { readonly certPem: string; readonly keyPem: string };

/** Under which names the server is reached, beside localhost and the loopback addresses. */
export type ServerNames = {
  /** Issuer URL; its host is a name. */
  readonly issuer: string;
  /** HOST: the interface that is listened on; empty and unspecified addresses add no name. */
  readonly host?: string;
  /** The machine's own name, where it should be in. */
  readonly hostname?: string;
  /** Milliseconds since the epoch; the process clock when absent. */
  readonly now?: () => number;
};

const DAY = 24 * 60 * 60 * 1000;
const LIFETIME = 365 * DAY;
const RENEW_BEFORE = 30 * DAY;
/** Clocks of other machines may be behind ours. */
const BACKDATED = 60 * 60 * 1000;
const MAX_NAMES = 50;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

type Name = { readonly type: 'dns' | 'ip'; readonly value: string };

/**
 * The self-signed certificate (ECDSA P-256) of the server that has none configured. It is kept sealed in the key set
 * `hydra.https-tls`, so it stays the same after a restart and on every replica; valid for one year, made anew when fewer
 * than 30 days remain or a name is missing. Names of the old one are kept, so that replicas do not take turns renewing.
 */
export async function serverCertificate(
  manager: { readonly certificateKey: CertificateKey },
  names: ServerNames,
): Promise<ServerCertificate> {
  const now = (names.now ?? Date.now)();
  const needed = neededNames(names);
  const { certificateKey } = manager;
  const current = await certificateKey.read();
  if (current !== undefined && isUsable(current, needed, now)) return toPem(current);
  return certificateKey.exclusively(async () => {
    const latest = await certificateKey.read();
    if (latest !== undefined && isUsable(latest, needed, now)) return toPem(latest);
    const kept = latest === undefined ? [] : namesOf(latest);
    const made = await makeCertificate(mergeNames(needed, kept), now);
    await certificateKey.replace(made);
    return toPem(made);
  });
}

function neededNames({ issuer, host = '', hostname = '' }: ServerNames): readonly Name[] {
  const unspecified = ['', '0.0.0.0', '::', '[::]'];
  const given = [new URL(issuer).hostname, host, hostname].filter((name) => !unspecified.includes(name)).map(toName);
  const own: readonly Name[] = [
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ];
  return mergeNames(own, given);
}

function toName(host: string): Name {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  const isAddress = bare.includes(':') || /^\d+(\.\d+){3}$/.test(bare);
  return { type: isAddress ? 'ip' : 'dns', value: bare };
}

function mergeNames(first: readonly Name[], second: readonly Name[]): readonly Name[] {
  const byText = new Map([...first, ...second].map((name) => [`${name.type}:${name.value}`, name]));
  return [...byText.values()].slice(0, MAX_NAMES);
}

function isUsable(jwk: NamedJwk, needed: readonly Name[], now: number): boolean {
  const certificate = certificateOf(jwk);
  if (certificate === undefined) return false;
  const remaining = certificate.notAfter.getTime() - now;
  const present = namesOf(jwk);
  const isNamed = (name: Name) => present.some((other) => other.type === name.type && other.value === name.value);
  return certificate.notBefore.getTime() <= now && remaining >= RENEW_BEFORE && needed.every(isNamed);
}

function certificateOf(jwk: NamedJwk): x509.X509Certificate | undefined {
  const first = jwk.x5c?.[0];
  return first === undefined ? undefined : new x509.X509Certificate(Buffer.from(first, 'base64'));
}

function namesOf(jwk: NamedJwk): readonly Name[] {
  const extension = certificateOf(jwk)?.getExtension(x509.SubjectAlternativeNameExtension);
  return (extension?.names.items ?? []).flatMap(({ type, value }) =>
    type === 'dns' || type === 'ip' ? [{ type, value }] : [],
  );
}

async function makeCertificate(names: readonly Name[], now: number): Promise<NamedJwk> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'O=Castellan, CN=Castellan',
    notBefore: new Date(now - BACKDATED),
    notAfter: new Date(now + LIFETIME),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      // Not a CA: whoever trusts this certificate by file trusts this server and nothing that its key could sign.
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(({ type, value }) => ({ type, value }))),
    ],
  });
  const { kty, crv, x, y, d } = await webcrypto.subtle.exportKey('jwk', keys.privateKey);
  if (kty === undefined || crv === undefined || x === undefined || y === undefined || d === undefined) {
    throw new Error('the key of the certificate could not be exported');
  }
  const x5c = [Buffer.from(certificate.rawData).toString('base64')];
  return { use: 'sig', kty, kid: thumbprint({ kty, crv, x, y }), crv, alg: 'ES256', x, y, d, x5c };
}

function serialNumber(): string {
  // Positive and 16 octets (RFC 5280 section 4.1.2.2).
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

function toPem(jwk: NamedJwk): ServerCertificate {
  const certificate = certificateOf(jwk);
  if (certificate === undefined) throw new Error('the key of the certificate has no certificate');
  const { x5c: _certificate, ...key } = jwk;
  const keyObject = createPrivateKey({ key: key as JsonWebKey, format: 'jwk' });
  return {
    certPem: `${certificate.toString('pem')}\n`,
    keyPem: keyObject.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
