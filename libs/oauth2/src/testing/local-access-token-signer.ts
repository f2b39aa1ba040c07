import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { Jwk } from '@castellan/jwk';
import type { AccessTokenSigner } from '../token/access-token-jwt.js';

/** A signer of JWT access tokens with a key of its own (ES256); `jwks` are its public keys. */
export function createLocalAccessTokenSigner(): AccessTokenSigner & { readonly jwks: readonly Jwk[] } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const jwks = [{ ...(publicKey.export({ format: 'jwk' }) as Jwk), kid, alg: 'ES256', use: 'sig' }];
  return {
    jwks,
    async sign(claims) {
      const parts = [{ alg: 'ES256', typ: 'at+jwt', kid }, claims];
      const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${input}.${signature.toString('base64url')}`;
    },
    current: async () => jwks,
    refresh: async () => jwks,
  };
}
