import { readConsentResponseKeys, type ConsentResponseKeys, type SignConsentChallenge } from '@castellan/oauth2';
import { keysV1, type RpcClient } from '@castellan/rpc';

type SigningClient = RpcClient<typeof keysV1.SigningService>;
type Keys = Awaited<ReturnType<ConsentResponseKeys['current']>>;

/** Signatures that fit no known key may come by the thousand; the keys are asked for again at most this often. */
const refreshIntervalMs = 1_000;

/** Lets the key manager sign consent challenges; the text is signed as it is, so the order of its members is kept. */
export function createConsentChallengeSigner(signing: SigningClient): SignConsentChallenge {
  return async (challenge) => {
    const { jws } = await signing.sign({
      purpose: keysV1.Purpose.PURPOSE_CONSENT_CHALLENGE,
      claimsJson: JSON.stringify(challenge),
    });
    return jws;
  };
}

/**
 * The public keys that verify consent responses, kept for as long as the key manager allows. `now` is a monotonic clock
 * in milliseconds.
 */
export function createConsentResponseKeys(signing: SigningClient, now: () => number): ConsentResponseKeys {
  return createVerificationKeys(signing, keysV1.Purpose.PURPOSE_CONSENT_RESPONSE, readConsentResponseKeys, now);
}

/** The public keys of a purpose, kept for as long as the key manager allows. */
export function createVerificationKeys(
  signing: SigningClient,
  purpose: keysV1.Purpose,
  read: (texts: readonly string[]) => Keys,
  now: () => number,
): ConsentResponseKeys {
  let known: { readonly keys: Keys; readonly loadedAt: number; readonly usableUntil: number } | undefined;
  let loading: Promise<Keys> | undefined;

  async function load(): Promise<Keys> {
    const { keys, maxAgeSeconds } = await signing.getVerificationKeys({ purpose });
    const loadedAt = now();
    known = {
      keys: read(keys),
      loadedAt,
      usableUntil: loadedAt + maxAgeSeconds * 1000,
    };
    return known.keys;
  }

  function loadOnce(): Promise<Keys> {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  return {
    async current() {
      return known !== undefined && now() < known.usableUntil ? known.keys : loadOnce();
    },
    async refresh() {
      return known !== undefined && now() < known.loadedAt + refreshIntervalMs ? known.keys : loadOnce();
    },
  };
}
