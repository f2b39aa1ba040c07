import type { Jwk } from '@castellan/jwk';
import type { IdTokenKeys, IdTokenSigner, SignLogoutToken, SignUserinfo } from '@castellan/oauth2';
import { keysV1, RpcError, type RpcClient } from '@castellan/rpc';

const purpose = keysV1.Purpose.PURPOSE_ID_TOKEN;

/** An ID token signer that knows what its public keys say. */
export type PublishedIdTokenSigner = IdTokenSigner & {
  /** Algorithms of the keys that may verify ID tokens, the current key's first. */
  publishedAlgorithms(): Promise<readonly string[]>;
};

/**
 * Signs ID tokens through the key manager, which alone holds the key. The algorithm is remembered from the last
 * signature; a token whose hash claims turn out to belong to another one is made again.
 */
export function createIdTokenSigner(signing: RpcClient<typeof keysV1.SigningService>): PublishedIdTokenSigner {
  let known: string | undefined;

  async function publishedAlgorithms(): Promise<readonly string[]> {
    const { keys } = await signing.getVerificationKeys({ purpose });
    return [...new Set(keys.flatMap((text) => algorithmOf(text) ?? []))];
  }

  return {
    publishedAlgorithms,
    async algorithm() {
      known ??= (await publishedAlgorithms())[0];
      if (known === undefined) throw new RpcError('UNAVAILABLE', 'the key manager has no key for ID tokens');
      return known;
    },
    async sign(claims, wanted) {
      const { jws, algorithm } = await signing.sign({ purpose, claimsJson: JSON.stringify(claims), algorithm: wanted });
      if (wanted === undefined) known = algorithm;
      return { jws, algorithm };
    },
  };
}

/** The public keys that verify ID tokens, as they are now. */
export function createIdTokenKeys(signing: RpcClient<typeof keysV1.SigningService>): IdTokenKeys {
  return async () => {
    const { keys } = await signing.getVerificationKeys({ purpose });
    return keys.map((text) => JSON.parse(text) as Jwk);
  };
}

/** Lets the key manager sign userinfo with the key of an algorithm. */
export function createUserinfoSigner(signing: RpcClient<typeof keysV1.SigningService>): SignUserinfo {
  return async (claims, algorithm) => {
    const claimsJson = JSON.stringify(claims);
    const { jws } = await signing.sign({ purpose: keysV1.Purpose.PURPOSE_USERINFO, claimsJson, algorithm });
    return jws;
  };
}

/** Lets the key manager sign logout tokens, with the key of an algorithm where one is named. */
export function createLogoutTokenSigner(signing: RpcClient<typeof keysV1.SigningService>): SignLogoutToken {
  return async (claims, algorithm) => {
    const claimsJson = JSON.stringify(claims);
    const { jws } = await signing.sign({ purpose: keysV1.Purpose.PURPOSE_LOGOUT_TOKEN, claimsJson, algorithm });
    return jws;
  };
}

function algorithmOf(jwk: string): string | undefined {
  const key: unknown = JSON.parse(jwk);
  return typeof key === 'object' && key !== null && 'alg' in key && typeof key.alg === 'string' ? key.alg : undefined;
}
