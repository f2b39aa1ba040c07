import { createHmac, createPrivateKey, createSecretKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { algorithmsOf, findAlgorithm, schemeOf, type SignatureAlgorithm } from './algorithm.js';
import { type Jwk, partOf } from './jwk.js';
import type { Signer } from './signer.js';

/** Whether a key holds what is needed to sign with it here. */
export function isLocalKey(jwk: Jwk): boolean {
  return partOf(jwk) !== 'public';
}

/**
 * A signer over a private or symmetric JWK, for its `alg`, else for the preferred algorithm of its kind. The JWK is not
 * kept, only the handle. Algorithms that take longer than a fifth of a millisecond run on the thread pool.
 */
export function createLocalSigner(jwk: Jwk): Signer {
  const algorithm = jwk.alg === undefined ? algorithmsOf(jwk.kty, jwk.crv)[0] : findAlgorithm(jwk.alg);
  if (algorithm === undefined || algorithm.kty !== jwk.kty || !isLocalKey(jwk)) {
    throw new Error('this key cannot sign');
  }
  const key =
    jwk.kty === 'oct'
      ? createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
      : createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  return { algorithm, sign: (input) => signWith(algorithm, key, input) };
}

async function signWith(algorithm: SignatureAlgorithm, key: KeyObject, input: Buffer): Promise<Buffer> {
  const { digest, kty, isSlow } = algorithm;
  if (kty === 'oct') {
    return createHmac(digest ?? '', key)
      .update(input)
      .digest();
  }
  const options = { key, ...schemeOf(algorithm) };
  // A thread costs more than it spares where the signature itself takes less time than the way there and back.
  if (isSlow !== true) return sign(digest ?? null, input, options);
  return new Promise((resolve, reject) => {
    sign(digest ?? null, input, options, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}
