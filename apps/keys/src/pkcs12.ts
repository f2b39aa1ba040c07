import { createDecipheriv, createHash, createHmac, pbkdf2, timingSafeEqual, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { type Jwk, KeyError, keyFromPkcs8 } from '@castellan/jwk';
import { type ContentInfo, id_data, id_encryptedData } from '@peculiar/asn1-cms';
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_keyBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
  type MacData,
  PFX,
  PKCS8ShroudedKeyBag,
  SafeContents,
} from '@peculiar/asn1-pfx';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { EncryptedData, PBEParameter, PBES2Params, PBKDF2Params } from './pkcs5.js';

const MAX_BYTES = 64 * 1024;
const MAX_ITERATIONS = 2_000_000;

const digests: ReadonlyMap<string, { readonly name: string; readonly block: number }> = new Map([
  ['1.3.14.3.2.26', { name: 'sha1', block: 64 }],
  ['2.16.840.1.101.3.4.2.1', { name: 'sha256', block: 64 }],
  ['2.16.840.1.101.3.4.2.2', { name: 'sha384', block: 128 }],
  ['2.16.840.1.101.3.4.2.3', { name: 'sha512', block: 128 }],
]);
const prfs: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
]);
const ciphers: ReadonlyMap<string, { readonly name: string; readonly keyBytes: number }> = new Map([
  ['1.2.840.113549.3.7', { name: 'des-ede3-cbc', keyBytes: 24 }],
  ['2.16.840.1.101.3.4.1.2', { name: 'aes-128-cbc', keyBytes: 16 }],
  ['2.16.840.1.101.3.4.1.22', { name: 'aes-192-cbc', keyBytes: 24 }],
  ['2.16.840.1.101.3.4.1.42', { name: 'aes-256-cbc', keyBytes: 32 }],
]);
const PBES2 = '1.2.840.113549.1.5.13';
const PBE_SHA1_3DES = '1.2.840.113549.1.12.1.3';

/** What the derived bytes are for (RFC 7292 appendix B.3). */
const forKey = 1;
const forIv = 2;
const forMac = 3;

/**
 * Reads the one private key of a PKCS #12 file and the certificates beside it (RFC 7292): encrypted with PBES2 (AES, triple
 * DES) or the triple DES of old. The MAC is checked first. Throws KeyError `malformed`, whose message holds nothing of the
 * input.
 */
export async function readPkcs12(bytes: Buffer, passphrase: string): Promise<Jwk> {
  if (bytes.length > MAX_BYTES) throw malformed('the PKCS #12 file is too long');
  try {
    const pfx = AsnConvert.parse(bytes, PFX);
    const content = contentOf(pfx.authSafe);
    if (pfx.macData === undefined) throw malformed('the PKCS #12 file has no MAC');
    checkMac(pfx.macData, content, passphrase);
    const found: Found = { keys: [], certificates: [] };
    for (const info of AsnConvert.parse(content, AuthenticatedSafe)) {
      readBags(await safeOf(info, passphrase), passphrase, found);
    }
    const [key, ...others] = await Promise.all(found.keys);
    if (key === undefined || others.length > 0) throw malformed('the PKCS #12 file must hold exactly one private key');
    return keyFromPkcs8(key, found.certificates);
  } catch (cause) {
    if (cause instanceof KeyError) throw cause;
    throw malformed('the PKCS #12 file cannot be read');
  }
}

type Found = { readonly keys: Promise<Buffer>[]; readonly certificates: X509Certificate[] };

function contentOf(info: ContentInfo): Buffer {
  if (info.contentType !== id_data) throw malformed('the PKCS #12 file is signed with a public key, which is not read');
  return Buffer.from(AsnConvert.parse(info.content, OctetString).buffer);
}

async function safeOf(info: ContentInfo, passphrase: string): Promise<SafeContents> {
  if (info.contentType === id_data) return AsnConvert.parse(contentOf(info), SafeContents);
  if (info.contentType !== id_encryptedData)
    throw malformed('a part of the PKCS #12 file is of a kind that is not read');
  const { encryptedContentInfo } = AsnConvert.parse(info.content, EncryptedData);
  const { encryptedContent, contentEncryptionAlgorithm } = encryptedContentInfo;
  const sealed = encryptedContent?.value ?? encryptedContent?.constructedValue?.[0];
  if (sealed === undefined) throw malformed('a part of the PKCS #12 file is empty');
  return AsnConvert.parse(
    await decrypt(contentEncryptionAlgorithm, Buffer.from(sealed.buffer), passphrase),
    SafeContents,
  );
}

function readBags(bags: SafeContents, passphrase: string, { keys, certificates }: Found): void {
  for (const { bagId, bagValue } of bags) {
    if (bagId === id_keyBag) keys.push(Promise.resolve(Buffer.from(bagValue)));
    if (bagId === id_pkcs8ShroudedKeyBag) {
      const shrouded = AsnConvert.parse(bagValue, PKCS8ShroudedKeyBag);
      keys.push(decrypt(shrouded.encryptionAlgorithm, Buffer.from(shrouded.encryptedData.buffer), passphrase));
    }
    if (bagId === id_certBag) {
      const bag = AsnConvert.parse(bagValue, CertBag);
      if (bag.certId !== id_x509Certificate) continue;
      const certificate = AsnConvert.parse(bag.certValue, OctetString);
      certificates.push(new X509Certificate(Buffer.from(certificate.buffer)));
    }
  }
}

function checkMac({ mac, macSalt, iterations }: MacData, content: Buffer, passphrase: string): void {
  const digest = digests.get(mac.digestAlgorithm.algorithm);
  if (digest === undefined) throw malformed('the MAC of the PKCS #12 file is of a kind that is not read');
  const { name } = digest;
  const size = createHash(name).digest().length;
  const salt = Buffer.from(macSalt.buffer);
  const key = deriveBytes({ digest, purpose: forMac, passphrase, salt, iterations: bounded(iterations), size });
  const expected = createHmac(name, key).update(content).digest();
  const given = Buffer.from(mac.digest.buffer);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw malformed('the passphrase is wrong, or the PKCS #12 file was changed');
  }
}

async function decrypt(algorithm: AlgorithmIdentifier, sealed: Buffer, passphrase: string): Promise<Buffer> {
  const { name, key, iv } = await cipherOf(algorithm, passphrase);
  const decipher = createDecipheriv(name, key, iv);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

type Cipher = { readonly name: string; readonly key: Buffer; readonly iv: Buffer };

async function cipherOf({ algorithm, parameters }: AlgorithmIdentifier, passphrase: string): Promise<Cipher> {
  if (parameters === null || parameters === undefined) throw malformed('an encryption without parameters');
  if (algorithm === PBE_SHA1_3DES) return oldCipher(AsnConvert.parse(parameters, PBEParameter), passphrase);
  if (algorithm !== PBES2)
    throw malformed('the encryption is of a kind that is not read; write the file anew with AES');
  const { keyDerivationFunc, encryptionScheme } = AsnConvert.parse(parameters, PBES2Params);
  const cipher = ciphers.get(encryptionScheme.algorithm);
  const kdf = AsnConvert.parse(keyDerivationFunc.parameters ?? new ArrayBuffer(0), PBKDF2Params);
  const prf = prfs.get(kdf.prf?.algorithm ?? '1.2.840.113549.2.7');
  if (cipher === undefined || prf === undefined) throw malformed('the encryption is of a kind that is not read');
  const { name, keyBytes } = cipher;
  const iterations = bounded(kdf.iterationCount);
  const key = await promisify(pbkdf2)(passphrase, Buffer.from(kdf.salt.buffer), iterations, keyBytes, prf);
  const iv = AsnConvert.parse(encryptionScheme.parameters ?? new ArrayBuffer(0), OctetString);
  return { name, key, iv: Buffer.from(iv.buffer) };
}

function oldCipher({ salt, iterations }: PBEParameter, passphrase: string): Cipher {
  const digest = { name: 'sha1', block: 64 };
  const common = { digest, passphrase, salt: Buffer.from(salt.buffer), iterations: bounded(iterations) };
  return {
    name: 'des-ede3-cbc',
    key: deriveBytes({ ...common, purpose: forKey, size: 24 }),
    iv: deriveBytes({ ...common, purpose: forIv, size: 8 }),
  };
}

type Derivation = {
  readonly digest: { readonly name: string; readonly block: number };
  readonly purpose: number;
  readonly passphrase: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly size: number;
};

/** RFC 7292 appendix B.2. The passphrase is UTF-16, big endian, with a zero at its end. */
function deriveBytes({ digest: { name, block }, purpose, passphrase, salt, iterations, size }: Derivation): Buffer {
  const text = Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
  const diversifier = Buffer.alloc(block, purpose);
  const input = Buffer.concat([repeated(salt, block), repeated(text, block)]);
  const made: Buffer[] = [];
  for (let total = 0; total < size;) {
    let hash = createHash(name).update(diversifier).update(input).digest();
    for (let round = 1; round < iterations; round++) hash = createHash(name).update(hash).digest();
    made.push(hash);
    total += hash.length;
    const addend = repeated(hash, block).subarray(0, block);
    for (let at = 0; at < input.length; at += block) addOne(input.subarray(at, at + block), addend);
  }
  return Buffer.concat(made).subarray(0, size);
}

/** Fills whole blocks with copies; nothing stays nothing. */
function repeated(bytes: Buffer, block: number): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

/** block = block + addend + 1, modulo its size. */
function addOne(block: Buffer, addend: Buffer): void {
  let carry = 1;
  for (let at = block.length - 1; at >= 0; at--) {
    carry += (block[at] ?? 0) + (addend[at] ?? 0);
    block[at] = carry & 0xff;
    carry >>= 8;
  }
}

function bounded(iterations: number): number {
  if (!(iterations >= 1 && iterations <= MAX_ITERATIONS)) throw malformed('the PKCS #12 file asks for too much work');
  return iterations;
}

function malformed(message: string): KeyError {
  return new KeyError('malformed', message);
}
