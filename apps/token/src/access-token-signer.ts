import type { Jwk } from '@castellan/jwk';
import type { AccessTokenSigner } from '@castellan/oauth2';
import { keysV1, type RpcClient } from '@castellan/rpc';
import { createVerificationKeys } from './consent-keys.js';

const purpose = keysV1.Purpose.PURPOSE_ACCESS_TOKEN;

/** Lets the key manager sign JWT access tokens, and keeps their public keys. `now` is a monotonic clock in milliseconds. */
export function createAccessTokenSigner(
  signing: RpcClient<typeof keysV1.SigningService>,
  now: () => number,
): AccessTokenSigner {
  const keys = createVerificationKeys(signing, purpose, (texts) => texts.map((text) => JSON.parse(text) as Jwk), now);
  return {
    ...keys,
    async sign(claims) {
      return (await signing.sign({ purpose, claimsJson: JSON.stringify(claims) })).jws;
    },
  };
}
