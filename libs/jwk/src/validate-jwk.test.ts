import { createECDH, createPublicKey, generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKey } from './generate-key.js';
import type { Jwk } from './jwk.js';
import { formatJwk, publicPart } from './jwk.js';
import { importJwk } from './validate-jwk.js';

const generation = { rsaBits: 2048, randomBytes };
const rsa = await generateKey('RS256', generation);
const otherRsa = await generateKey('RS256', generation);
const ec = await generateKey('ES256', generation);
const otherEc = await generateKey('ES256', generation);
const p521 = await generateKey('ES521', generation);
const ed = await generateKey('EdDSA', generation);
const otherEd = await generateKey('EdDSA', generation);
const oct = await generateKey('HS256', generation);

function without(jwk: Jwk, ...members: (keyof Jwk)[]): Jwk {
  return Object.fromEntries(
    Object.entries(jwk).filter(([name]) => !members.includes(name as keyof Jwk)),
  ) as unknown as Jwk;
}

function zeros(size: number, last = 0): string {
  return Buffer.from([...new Uint8Array(size - 1), last]).toString('base64url');
}

function rsaPublic(modulusLength: number, publicExponent = 0x10001): JsonWebKey {
  return generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' });
}

describe('imported JWK', () => {
  it.each([
    ['RSA', rsa],
    ['P-256', ec],
    ['P-521', p521],
    ['Ed25519', ed],
    ['oct', oct],
    ['RSA public', publicPart(rsa)],
    ['P-256 public', publicPart(ec)],
    ['Ed25519 public', publicPart(ed)],
    ['RSA for encryption', { ...rsa, use: 'enc', alg: 'RSA-OAEP-256' }],
  ])('%s is accepted and comes back the same', async (_name, jwk) => {
    expect(await importJwk(JSON.stringify(jwk))).toEqual(jwk);
  });

  it('is completed where hydra-js left the members of the Chinese remainder theorem empty', async () => {
    expect(await importJwk(JSON.stringify({ ...rsa, dp: '', dq: '', qi: '' }))).toEqual(rsa);
    expect(await importJwk(JSON.stringify(without(rsa, 'dp', 'dq', 'qi')))).toEqual(rsa);
  });

  it('loses members that are not known', async () => {
    const imported = await importJwk(JSON.stringify({ ...ec, comment: 'x', __proto__: null, toString: 'x' }));
    expect(formatJwk(imported)).toBe(formatJwk(ec));
  });

  it('is taken with a private part that lost its leading zeros, and gets them back', async () => {
    const pair = createECDH('secp521r1');
    pair.setPrivateKey(randomBytes(64));
    const [x, y] = [pair.getPublicKey().subarray(1, 67), pair.getPublicKey().subarray(67)];
    const whole = Buffer.concat([Buffer.alloc(66), pair.getPrivateKey()]).subarray(-66);
    const jwk = { kty: 'EC', crv: 'P-521', x: x.toString('base64url'), y: y.toString('base64url') };
    const imported = await importJwk(JSON.stringify({ ...jwk, d: whole.subarray(2).toString('base64url') }));
    expect(imported).toEqual({ ...jwk, d: whole.toString('base64url') });
  });

  const refused: [string, string, unknown][] = [
    ['no object', 'the JWK is not a JSON object', []],
    ['no kty', 'member "kty" is not valid', without(ec, 'kty')],
    ['an unknown kty', 'member "kty" is not valid', { ...ec, kty: 'AKP' }],
    ['a number where text belongs', 'member "x" is not valid', { ...ec, x: 1 }],
    ['an unknown curve', 'the curve is not known for this type of key', { ...ec, crv: 'secp256k1' }],
    ['a curve of another key type', 'the curve is not known for this type of key', { ...ec, crv: 'Ed25519' }],
    ['a key for key agreement', 'the curve is not known for this type of key', { ...ed, crv: 'X25519' }],
    ['the coordinates of another curve', 'member "x" must be 32 octets as base64url', { ...p521, crv: 'P-256' }],
    [
      'a point that is not on the curve',
      'the public key is not a sound point of its curve',
      { ...publicPart(ec), y: publicPart(otherEc)?.y },
    ],
    [
      'the point zero',
      'the public key is not a sound point of its curve',
      { ...publicPart(ec), x: zeros(32), y: zeros(32) },
    ],
    [
      'a coordinate with a zero octet too many',
      'member "x" must be 32 octets as base64url',
      { ...ec, x: Buffer.concat([Buffer.alloc(1), Buffer.from(ec.x ?? '', 'base64url')]).toString('base64url') },
    ],
    [
      'an EC private key of another public key',
      'the private part does not belong to the public part',
      { ...ec, d: otherEc.d },
    ],
    ['the EC private key zero', 'the private part does not belong to the public part', { ...ec, d: zeros(32) }],
    [
      'an Ed25519 private key of another public key',
      'the private part does not belong to the public part',
      { ...ed, d: otherEd.d },
    ],
    [
      'the Ed25519 point of order 1',
      'the public key is not a sound point of its curve',
      { ...publicPart(ed), x: Buffer.from([1, ...new Uint8Array(31)]).toString('base64url') },
    ],
    [
      'the Ed25519 point of order 4',
      'the public key is not a sound point of its curve',
      { ...publicPart(ed), x: zeros(32) },
    ],
    [
      'an Ed25519 point of order 8',
      'the public key is not a sound point of its curve',
      {
        ...publicPart(ed),
        x: Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex').toString('base64url'),
      },
    ],
    [
      'the other Ed25519 point of order 8',
      'the public key is not a sound point of its curve',
      {
        ...publicPart(ed),
        x: Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex').toString('base64url'),
      },
    ],
    [
      'an Ed25519 encoding beyond the prime',
      'the public key is not a sound point of its curve',
      { ...publicPart(ed), x: Buffer.alloc(32, 0xff).toString('base64url') },
    ],
    ['RSA of 1024 bits', 'an RSA key must have 2048 to 8192 bits', rsaPublic(1024)],
    ['RSA of 2047 bits', 'an RSA key must have 2048 to 8192 bits', rsaPublic(2047)],
    [
      'an RSA exponent of 1',
      'the RSA exponent must be odd, greater than 1 and at most 32 bits long',
      { ...publicPart(rsa), e: 'AQ' },
    ],
    [
      'an even RSA exponent',
      'the RSA exponent must be odd, greater than 1 and at most 32 bits long',
      { ...publicPart(rsa), e: Buffer.from([1, 0, 0]).toString('base64url') },
    ],
    [
      'an RSA exponent of 33 bits',
      'the RSA exponent must be odd, greater than 1 and at most 32 bits long',
      { ...publicPart(rsa), e: Buffer.from([1, 0, 0, 0, 1]).toString('base64url') },
    ],
    [
      'an even RSA modulus',
      'the RSA modulus is even',
      {
        ...publicPart(rsa),
        n: Buffer.concat([Buffer.from(rsa.n ?? '', 'base64url').subarray(0, -1), Buffer.from([2])]).toString(
          'base64url',
        ),
      },
    ],
    [
      'an RSA modulus with a zero octet in front',
      'RSA member "n" begins with a zero octet',
      {
        ...publicPart(rsa),
        n: Buffer.concat([Buffer.alloc(1), Buffer.from(rsa.n ?? '', 'base64url')]).toString('base64url'),
      },
    ],
    [
      'an RSA private exponent of another key',
      'the private RSA exponent does not belong to the public one',
      { ...rsa, d: otherRsa.d },
    ],
    ['RSA primes of another key', 'the RSA primes do not make the modulus', { ...rsa, p: otherRsa.p, q: otherRsa.q }],
    ['an RSA private key without primes', 'RSA member "p" is missing or not base64url', without(rsa, 'p', 'q')],
    ['RSA primes without the private exponent', 'RSA member "d" is missing', without(rsa, 'd')],
    ['a wrong dp', 'RSA member "dp" is wrong', { ...rsa, dp: rsa.dq }],
    ['RSA of three primes', 'member "oth" is not valid', { ...rsa, oth: [] }],
    [
      'a secret of 248 bits',
      'member "k" must be 32 to 1024 octets as base64url',
      { kty: 'oct', k: randomBytes(31).toString('base64url') },
    ],
    ['an empty secret', 'member "k" must be 32 to 1024 octets as base64url', { kty: 'oct', k: '' }],
    [
      'a secret of zeros',
      'the secret is one octet repeated',
      { kty: 'oct', k: Buffer.alloc(32).toString('base64url') },
    ],
    ['no secret', 'member "k" must be 32 to 1024 octets as base64url', { kty: 'oct' }],
    ['padding', 'member "k" must be 32 to 1024 octets as base64url', { ...oct, k: `${oct.k}=` }],
    [
      'stray bits at the end',
      'member "k" must be 32 to 1024 octets as base64url',
      { kty: 'oct', k: `${'A'.repeat(40)}xyB` },
    ],
    ['members of two kinds of key', 'member "k" does not belong to a key of type EC', { ...ec, k: oct.k }],
    ['an algorithm of another kind of key', '"alg" does not fit the key and its use', { ...ec, alg: 'RS256' }],
    ['alg none', '"alg" does not fit the key and its use', { ...oct, alg: 'none' }],
    ['HS256 on a public key', '"alg" does not fit the key and its use', { ...publicPart(rsa), alg: 'HS256' }],
    ['a signature algorithm on a key for encryption', '"alg" does not fit the key and its use', { ...rsa, use: 'enc' }],
    ['RSA1_5', '"alg" does not fit the key and its use', { ...rsa, use: 'enc', alg: 'RSA1_5' }],
    ['an unknown use', 'member "use" is not valid', { ...rsa, use: 'tls' }],
    [
      'key_ops that use excludes',
      '"key_ops" names an operation twice or one that "use" excludes',
      { ...rsa, key_ops: ['encrypt'] },
    ],
    [
      'key_ops named twice',
      '"key_ops" names an operation twice or one that "use" excludes',
      { ...rsa, key_ops: ['sign', 'sign'] },
    ],
    ['a certificate of nobody', '"x5c" does not hold the key', { ...rsa, x5c: ['AAAA'] }],
  ];
  it.each(refused)('is refused with %s', async (_name, message, jwk) => {
    await expect(importJwk(JSON.stringify(jwk))).rejects.toMatchObject({ code: 'malformed', message });
  });

  it.each([
    ['text that is not JSON', '{'],
    ['a member named twice', `{"kty":"oct","k":"${oct.k}","k":"${oct.k}"}`],
    ['a text of 100 KB', JSON.stringify({ ...oct, comment: 'x'.repeat(100_000) })],
    ['brackets of depth 100000', `{"kty":${'['.repeat(60_000)}`],
  ])('is refused as %s', async (_name, text) => {
    await expect(importJwk(text)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('is refused with words that hold nothing of the key', async () => {
    const error: unknown = await importJwk(JSON.stringify({ ...rsa, d: otherRsa.d })).catch((cause: unknown) => cause);
    expect(JSON.stringify([error, String(error)])).not.toContain(otherRsa.d?.slice(0, 12) ?? 'unreachable');
  });

  it('RSA of 2048 bits with exponent 3 is at the border and accepted', async () => {
    const jwk = rsaPublic(2048, 3);
    expect(createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyDetails?.modulusLength).toBe(2048);
    await expect(importJwk(JSON.stringify(jwk))).resolves.toMatchObject({ kty: 'RSA', e: 'Aw' });
  });
});
