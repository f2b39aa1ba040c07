import { generateKeyPair, type KeyObject } from 'node:crypto';
import { findAlgorithm, type KeyType, type SignatureAlgorithm, signatureAlgorithms } from './algorithm.js';
import type { Jwk } from './jwk.js';
import { KeyError } from './key-error.js';
import { MAX_RSA_BITS, MIN_RSA_BITS } from './rsa-key.js';

/** RSA keys are made with this size unless configured otherwise (rulings 24). */
export const DEFAULT_RSA_BITS = 3072;

/** What making keys depends on. */
export type KeyGeneration = {
  /** Bits of RSA keys; 2048 to 8192. */
  readonly rsaBits: number;
  readonly randomBytes: (size: number) => Buffer;
};

/**
 * Makes a key for an algorithm and answers its private (or secret) JWK with `use` and `alg` and without `kid`.
 * Pairs are made on the thread pool, so the event loop stays free. Throws KeyError `malformed` for an algorithm that is
 * unknown.
 */
export async function generateKey(algorithm: string, generation: KeyGeneration): Promise<Jwk> {
  const row = findAlgorithm(algorithm);
  if (row === undefined) {
    const names = signatureAlgorithms.map(({ name }) => name).join(', ');
    throw new KeyError('malformed', `the algorithm must be one of ${names}, or ES521 for ES512`);
  }
  const material = await generators[row.kty](row, generation);
  return { ...material, use: 'sig', alg: row.name };
}

const generators: Readonly<Record<KeyType, (row: SignatureAlgorithm, generation: KeyGeneration) => Promise<Jwk>>> = {
  RSA: (_row, { rsaBits }) => {
    if (rsaBits < MIN_RSA_BITS || rsaBits > MAX_RSA_BITS) throw new Error('RSA key size out of range');
    return exportPair((done) => generateKeyPair('rsa', { modulusLength: rsaBits, publicExponent: 0x10001 }, done));
  },
  EC: (row) => exportPair((done) => generateKeyPair('ec', { namedCurve: row.crv ?? '' }, done)),
  OKP: () => exportPair((done) => generateKeyPair('ed25519', {}, done)),
  oct: ({ secretLength = 32 }, { randomBytes }) =>
    Promise.resolve({ kty: 'oct', k: randomBytes(secretLength).toString('base64url') }),
};

type PairCallback = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void;

function exportPair(start: (done: PairCallback) => void): Promise<Jwk> {
  return new Promise((resolve, reject) => {
    start((error, _publicKey, privateKey) => {
      if (error !== null) reject(error);
      else resolve(privateKey.export({ format: 'jwk' }) as Jwk);
    });
  });
}
