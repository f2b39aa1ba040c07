import { algorithmsOf } from './algorithm.js';
import { type NamedJwk, partOf } from './jwk.js';
import { KeyError } from './key-error.js';
import { checkKeyId, checkSlot, MAX_KEYS, publicName } from './key-names.js';
import type { OwnSet } from './own-sets.js';
import { thumbprint } from './thumbprint.js';
import { importJwk } from './validate-jwk.js';

/**
 * Reads the JWKs that a set shall hold: 1 to 50, each sound and with a key ID of its own, a private key and the public
 * key of its name belonging together. Throws KeyError `malformed`.
 */
export async function acceptKeys(texts: readonly string[], own: OwnSet | undefined): Promise<readonly NamedJwk[]> {
  if (texts.length === 0 || texts.length > MAX_KEYS) {
    throw new KeyError('malformed', `a key set is put with 1 to ${MAX_KEYS} keys`);
  }
  const jwks: NamedJwk[] = [];
  for (const text of texts) jwks.push(await acceptKey(text, undefined, own));
  const byKid = new Map(jwks.map((jwk) => [jwk.kid, jwk]));
  if (byKid.size !== jwks.length) throw new KeyError('malformed', 'two keys have the same key ID');
  for (const jwk of jwks) {
    const sibling = byKid.get(publicName(jwk.kid));
    if (sibling !== undefined && thumbprint(sibling) !== thumbprint(jwk)) {
      throw new KeyError('malformed', `keys "${jwk.kid}" and "${sibling.kid}" do not belong together`);
    }
  }
  return jwks;
}

/**
 * Reads one sound JWK that is stored under a name: its `kid`, which must equal the expected one where there is one.
 * Throws KeyError `malformed`.
 */
export async function acceptKey(
  text: string,
  expectedKid: string | undefined,
  own: OwnSet | undefined,
): Promise<NamedJwk> {
  const jwk = await importJwk(text);
  const kid = jwk.kid ?? expectedKid;
  if (kid === undefined) throw new KeyError('malformed', 'every key needs a "kid"');
  if (expectedKid !== undefined && kid !== expectedKid) {
    throw new KeyError('malformed', 'the "kid" of the key is another than that of the request');
  }
  checkKeyId(kid);
  checkSlot(kid, partOf(jwk));
  if (own !== undefined) refuseUnfit({ ...jwk, kid }, own);
  return { ...jwk, kid };
}

// A key brought along for one of the product's purposes must be able to serve it.
function refuseUnfit(jwk: NamedJwk, own: OwnSet): void {
  const kinds = algorithmsOf(jwk.kty, jwk.crv).map((row) => row.name);
  if (jwk.use === 'enc' || !kinds.includes(own.algorithm ?? '')) {
    throw new KeyError('malformed', `keys of this set are ${own.algorithm ?? 'signing'} keys`);
  }
}
