import type { SignatureAlgorithm } from './algorithm.js';
import type { Jwk } from './jwk.js';
import { createLocalSigner, isLocalKey } from './local-signer.js';

/** Signs with one key, wherever that key is. Passes the suite in testing/signer.contract.ts. */
export interface Signer {
  /** The one algorithm of this key. */
  readonly algorithm: SignatureAlgorithm;

  /**
   * Signs the octets as they are and answers the signature in the form that JWS wants (RFC 7518 section 3.1): ECDSA as two
   * numbers of fixed length side by side, RSASSA-PSS with a salt as long as the digest. Calls may run at the same time and
   * never hold up the event loop for long. A key that cannot be reached is a rejection, whose message holds nothing of the
   * key and nothing of the input.
   */
  sign(input: Buffer): Promise<Buffer>;
}

/** A way to sign: which stored keys it can use, and how. */
type SignerKind = {
  readonly name: string;
  readonly canUse: (stored: Jwk) => boolean;
  readonly open: (stored: Jwk) => Signer;
};

// A key management service, a vault or a token with PKCS #11 is a file and a row here.
const signerKinds: readonly SignerKind[] = [{ name: 'local', canUse: isLocalKey, open: createLocalSigner }];

/** Makes a stored key ready for signing. Throws when it cannot sign. */
export function openSigner(stored: Jwk): Signer {
  const kind = signerKinds.find(({ canUse }) => canUse(stored));
  if (kind === undefined) throw new Error('this key cannot sign');
  return kind.open(stored);
}
