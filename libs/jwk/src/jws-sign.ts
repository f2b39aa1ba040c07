import {
  constants,
  createHmac,
  createPrivateKey,
  createSecretKey,
  type JsonWebKey,
  type KeyObject,
  sign,
  type SigningOptions,
} from 'node:crypto';
import { algorithmsOf, findAlgorithm, type SignatureAlgorithm } from './algorithm.js';
import { type Jwk, partOf } from './jwk.js';

/** A key made ready for signing. The JWK is not kept, only the handle. */
export type SigningKey = {
  readonly algorithm: SignatureAlgorithm;
  readonly key: KeyObject;
};

/** Header members beside `alg`, in the order in which they are written. */
export type JwsHeaderMembers = { readonly typ?: string; readonly kid?: string };

/** Makes a private or symmetric JWK ready for signing with its `alg`, else with the preferred algorithm of its kind. */
export function prepareSigningKey(jwk: Jwk): SigningKey {
  const algorithm = jwk.alg === undefined ? algorithmsOf(jwk.kty, jwk.crv)[0] : findAlgorithm(jwk.alg);
  if (algorithm === undefined || algorithm.kty !== jwk.kty || partOf(jwk) === 'public') {
    throw new Error('this key cannot sign');
  }
  const key =
    jwk.kty === 'oct'
      ? createSecretKey(Buffer.from(jwk.k ?? '', 'base64url'))
      : createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  return { algorithm, key };
}

/**
 * Signs a payload and answers the JWS in compact serialization (RFC 7515 section 7.1). The header is `alg`, then what is
 * given. Asymmetric signatures are made on the thread pool, so the event loop stays free.
 */
export async function signJws(
  payload: string | Uint8Array,
  signingKey: SigningKey,
  header: JwsHeaderMembers = {},
): Promise<string> {
  const head = JSON.stringify({ alg: signingKey.algorithm.name, ...header });
  const input = `${Buffer.from(head, 'utf8').toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${input}.${(await signBytes(Buffer.from(input, 'ascii'), signingKey)).toString('base64url')}`;
}

/** How a signature of an algorithm is made beside its digest: PSS with its salt, ECDSA as two numbers side by side. */
export function schemeOf({ saltLength }: SignatureAlgorithm): SigningOptions {
  return saltLength === undefined
    ? { dsaEncoding: 'ieee-p1363' }
    : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

/** Signs octets as they are. */
export function signBytes(input: Buffer, { algorithm, key }: SigningKey): Promise<Buffer> {
  if (algorithm.kty === 'oct') {
    return Promise.resolve(
      createHmac(algorithm.digest ?? '', key)
        .update(input)
        .digest(),
    );
  }
  return new Promise((resolve, reject) => {
    sign(algorithm.digest ?? null, input, { key, ...schemeOf(algorithm) }, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}
