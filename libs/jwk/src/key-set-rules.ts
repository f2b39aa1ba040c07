import { type NamedJwk, partOf } from './jwk.js';
import { KeyError } from './key-error.js';
import { MAX_KEYS } from './key-names.js';
import type { StoredKey } from './key-store.js';
import { algorithmName } from './sealed-key.js';

/** Throws KeyError `already_exists` when one of the key IDs is in use. */
export function refuseTaken(keys: readonly StoredKey[], kids: readonly string[]): void {
  const taken = keys.find((key) => kids.includes(key.kid));
  if (taken !== undefined) throw new KeyError('already_exists', `key ID "${taken.kid}" is in use`);
}

/** Throws KeyError `too_many` when a set cannot take that many rows more. */
export function refuseFull(keys: readonly StoredKey[], added: number): void {
  // A pair is two rows.
  if (keys.length + added > 2 * MAX_KEYS)
    throw new KeyError('too_many', `the key set holds ${keys.length} keys already`);
}

/** Throws KeyError `already_exists` when a key would take over the ID of a key of another algorithm or part. */
export function refuseOtherAlgorithm(keys: readonly StoredKey[], jwks: readonly NamedJwk[]): void {
  for (const jwk of jwks) {
    const old = keys.find((key) => key.kid === jwk.kid);
    if (old !== undefined && (old.algorithm !== algorithmName(jwk) || old.part !== partOf(jwk))) {
      throw new KeyError('already_exists', `key ID "${jwk.kid}" is in use by another kind of key`);
    }
  }
}
