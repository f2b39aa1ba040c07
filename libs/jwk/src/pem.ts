import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type Jwk, publicPart } from './jwk.js';
import { KeyError } from './key-error.js';

const MAX_PEM = 64 * 1024;
const MAX_CERTIFICATES = 10;

/**
 * Reads one key out of PEM text (RFC 7468): a private key in PKCS #8, PKCS #1 or SEC 1, encrypted ones with their
 * passphrase, else a public key, else that of a certificate. Certificates beside it become `x5c`, that of the key first.
 * What it answers is not proved sound yet. Throws KeyError `malformed`, whose message holds nothing of the input.
 */
export function readPem(pem: string, passphrase = ''): Jwk {
  if (pem.length > MAX_PEM) throw malformed('the PEM is too long');
  const blocks = blocksOf(pem);
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ text }) => certificateOf(text));
  if (keys.length > 1) throw malformed('the PEM holds more than one private key');
  const key = keys[0] === undefined ? publicKeyOf(blocks, certificates) : privateKeyOf(keys[0].text, passphrase);
  return keyWithCertificates(key, certificates);
}

/** A key as a JWK, with the certificates that came with it: that of the key first. Throws KeyError `malformed`. */
export function keyWithCertificates(key: KeyObject, certificates: readonly X509Certificate[]): Jwk {
  if (certificates.length > MAX_CERTIFICATES) throw malformed(`more than ${MAX_CERTIFICATES} certificates`);
  const material = materialOf(key);
  const open = key.type === 'private' ? createPublicKey(key) : key;
  const own = certificates.filter((certificate) => certificate.publicKey.equals(open));
  if (certificates.length > 0 && own.length === 0) throw malformed('no certificate holds the key');
  const chain = [...own.slice(0, 1), ...certificates.filter((certificate) => certificate !== own[0])];
  return {
    ...material,
    ...(chain.length > 0 ? { x5c: chain.map(({ raw }) => raw.toString('base64')) } : {}),
  };
}

/** A private key in PKCS #8 (DER), with the certificates that came with it. Throws KeyError `malformed`. */
export function keyFromPkcs8(der: Buffer, certificates: readonly X509Certificate[]): Jwk {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw malformed('the private key cannot be read');
  }
  return keyWithCertificates(key, certificates);
}

/** The public part of a key as PEM text: SubjectPublicKeyInfo, and after it the certificates that it came with. */
export function writePublicPem(jwk: Jwk): string {
  const open = publicPart(jwk);
  if (open === undefined) throw malformed('a symmetric key has no public part');
  const key = createPublicKey({ key: open as JsonWebKey, format: 'jwk' });
  const certificates = (open.x5c ?? []).map((text) => new X509Certificate(Buffer.from(text, 'base64')).toString());
  return [key.export({ type: 'spki', format: 'pem' }).toString(), ...certificates].join('');
}

type Block = { readonly label: string; readonly text: string };

function blocksOf(pem: string): readonly Block[] {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----[\s\S]*?-----END \1-----/g)];
  if (blocks.length === 0) throw malformed('this is no PEM');
  return blocks.map(([text, label = '']) => ({ label, text }));
}

function privateKeyOf(text: string, passphrase: string): KeyObject {
  const locked = /ENCRYPTED/.test(text);
  try {
    return createPrivateKey({ key: text, format: 'pem', ...(locked ? { passphrase } : {}) });
  } catch {
    throw malformed(locked ? 'the private key does not open with this passphrase' : 'the private key cannot be read');
  }
}

function publicKeyOf(blocks: readonly Block[], certificates: readonly X509Certificate[]): KeyObject {
  const [block, ...others] = blocks.filter(({ label }) => label.endsWith('PUBLIC KEY'));
  if (others.length > 0) throw malformed('the PEM holds more than one public key');
  const [certificate] = certificates;
  if (block === undefined && certificate !== undefined) return certificate.publicKey;
  try {
    return createPublicKey({ key: block?.text ?? '', format: 'pem' });
  } catch {
    throw malformed('the PEM holds no key that can be read');
  }
}

function certificateOf(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw malformed('a certificate cannot be read');
  }
}

function materialOf(key: KeyObject): Jwk {
  try {
    return key.export({ format: 'jwk' }) as Jwk;
  } catch {
    throw malformed('the key is of a kind that is not known here');
  }
}

function malformed(message: string): KeyError {
  return new KeyError('malformed', message);
}
