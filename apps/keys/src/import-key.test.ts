import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { type Jwk, KeyError, readPem, thumbprint, writePublicPem } from '@castellan/jwk';
import { createKeyManagerFixture } from '@castellan/jwk/testing';
import { keysV1 } from '@castellan/rpc';
import { beforeEach, describe, expect, it } from 'vitest';
import { importKey } from './import-key.js';
import * as files from './testing/key-files.js';

type Fixture = Awaited<ReturnType<typeof createKeyManagerFixture>>;

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createKeyManagerFixture({});
});

function imported(request: Partial<keysV1.ImportKeyRequest>) {
  const full = keysV1.ImportKeyRequest.fromPartial({ set: 'mine', ...request });
  return importKey(full, fixture.sets, fixture.actor);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const cause = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(cause).toBeInstanceOf(KeyError);
  return String(cause);
}

const bytes = (base64: string) => Buffer.from(base64, 'base64');
const certificate = new X509Certificate(files.pemCertificate).raw.toString('base64');

describe('a key that is brought along', () => {
  it.each<[string, Partial<keysV1.ImportKeyRequest>]>([
    ['PEM', { pem: files.pemKey + files.pemCertificate }],
    ['PEM, the certificate first', { pem: files.pemCertificate + files.pemKey }],
    ['encrypted PEM', { pem: files.pemLockedKey + files.pemCertificate, passphrase: 'open-sesame' }],
    ['PEM encrypted as of old', { pem: files.pemLockedEcKey + files.pemCertificate, passphrase: 'open-sesame' }],
    ['PKCS #12 with AES', { pkcs12: bytes(files.pkcs12Aes), passphrase: 'open-sesame' }],
    ['PKCS #12 with triple DES', { pkcs12: bytes(files.pkcs12TripleDes), passphrase: 'open-sesame' }],
    ['PKCS #12 with SHA-512', { pkcs12: bytes(files.pkcs12Sha512), passphrase: 'ümläut' }],
    ['PKCS #12 that is open', { pkcs12: bytes(files.pkcs12Open), passphrase: 'open-sesame' }],
  ])('as %s is stored with its certificate, and named by its thumbprint', async (_name, request) => {
    const { jwk } = await imported({ ...request, algorithm: 'ES256' });
    expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256', x5c: [certificate] });
    expect(jwk).not.toHaveProperty('d');
    expect(jwk.kid).toBe(thumbprint(readPem(files.pemKey)));
    const [stored] = await fixture.sets.getSet('mine', fixture.actor);
    expect(stored?.jwk).toMatchObject({ d: readPem(files.pemKey).d as string, x5c: [certificate] });
  });

  it('is given out again as PEM: the public key and its certificate', async () => {
    const { jwk } = await imported({ pem: files.pemKey + files.pemCertificate });
    const pem = writePublicPem(jwk);
    expect(pem).not.toContain('PRIVATE');
    expect(readPem(pem)).toEqual({ ...readPem(files.pemCertificate) });
    expect(new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE')))).toBeInstanceOf(X509Certificate);
  });

  it('may be a public key, or an RSA key of PKCS #1, under a name that is given', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const open = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect((await imported({ pem: open, keyId: 'public:a' })).jwk).toMatchObject({ kty: 'RSA', kid: 'public:a' });
    const old = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect((await imported({ pem: old, keyId: 'private:a' })).jwk).toMatchObject({ kty: 'RSA', kid: 'private:a' });
  });

  const weak = () =>
    generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const other = () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const strange = () => generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  it.each<[string, () => Partial<keysV1.ImportKeyRequest>]>([
    ['nothing', () => ({})],
    ['no PEM', () => ({ pem: 'x' })],
    ['two private keys', () => ({ pem: files.pemKey + files.pemKey })],
    ['a certificate of another key', () => ({ pem: String(other()) + files.pemCertificate })],
    ['a wrong passphrase', () => ({ pem: files.pemLockedKey, passphrase: 'open-says-me' })],
    ['no passphrase', () => ({ pem: files.pemLockedKey })],
    ['a key that is too weak', () => ({ pem: weak() })],
    ['a key that cannot sign', () => ({ pem: String(strange()) })],
    ['an algorithm that does not fit', () => ({ pem: files.pemKey, algorithm: 'RS256' })],
    ['a broken private key', () => ({ pem: files.pemKey.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') })],
    ['a wrong passphrase of PKCS #12', () => ({ pkcs12: bytes(files.pkcs12Aes), passphrase: 'open-says-me' })],
    ['PKCS #12 that was changed', () => ({ pkcs12: changed(bytes(files.pkcs12Aes)), passphrase: 'open-sesame' })],
    [
      'PKCS #12 that was cut off',
      () => ({ pkcs12: bytes(files.pkcs12Aes).subarray(0, 300), passphrase: 'open-sesame' }),
    ],
    ['no PKCS #12', () => ({ pkcs12: Buffer.from('garbage'), passphrase: 'open-sesame' })],
  ])('is refused with %s, in words that hold nothing of it', async (_name, request) => {
    const words = await refusal(imported(request()));
    expect(words.length).toBeLessThan(120);
    expect(words).not.toMatch(/[A-Za-z0-9+/]{24}|open-s/);
    expect(await fixture.sets.getSet('mine', fixture.actor).catch(() => [])).toEqual([]);
  });

  it('does not get into a signing set of the product', async () => {
    expect(await refusal(imported({ set: 'hydra.openid.id-token', pem: files.pemKey }))).toBeTruthy();
  });
});

function changed(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  copy[200] = (copy[200] ?? 0) ^ 1;
  return copy;
}

describe('a public key as PEM', () => {
  it('is not to be had of a symmetric one', () => {
    expect(() => writePublicPem({ kty: 'oct', k: 'x' } as Jwk)).toThrow(KeyError);
  });
});
