import {
  formatJwk,
  type KeyActor,
  KeyError,
  type KeySets,
  type KeyView,
  publicPart,
  readPem,
  thumbprint,
} from '@castellan/jwk';
import type { keysV1 } from '@castellan/rpc';
import { readPkcs12 } from './pkcs12.js';

/**
 * Stores the key of a PEM or PKCS #12 file, proved sound as any key that is brought along, and answers its public part: the
 * caller has the private one. Throws KeyError `malformed` or `forbidden`.
 */
export async function importKey(
  { set, keyId, algorithm, pem, pkcs12, passphrase }: keysV1.ImportKeyRequest,
  sets: Pick<KeySets, 'putKey'>,
  actor: KeyActor,
): Promise<KeyView> {
  if (pem === undefined && pkcs12 === undefined) throw new KeyError('malformed', 'there is nothing to import');
  const read =
    pkcs12 === undefined ? readPem(pem ?? '', passphrase) : await readPkcs12(Buffer.from(pkcs12), passphrase);
  const kid = keyId === '' ? thumbprint(read) : keyId;
  const jwk = { ...read, kid, use: 'sig', ...(algorithm === '' ? {} : { alg: algorithm }) };
  const stored = await sets.putKey(set, kid, formatJwk(jwk), actor);
  return { ...stored, jwk: publicPart(stored.jwk) ?? stored.jwk };
}
