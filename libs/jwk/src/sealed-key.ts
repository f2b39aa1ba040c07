import { algorithmsOf } from './algorithm.js';
import { formatJwk, type Jwk, type NamedJwk, partOf } from './jwk.js';
import type { NewKey } from './key-store.js';
import type { Sealer } from './seal.js';

/** Seals keys for the rows of a set that the given version will write. */
export function sealKeys(sealer: Sealer, set: string, jwks: readonly NamedJwk[], version: number): readonly NewKey[] {
  return jwks.map((jwk) => {
    const columns = { kid: jwk.kid, part: partOf(jwk), algorithm: algorithmName(jwk), use: jwk.use ?? '' };
    return { ...columns, sealed: sealer.seal(formatJwk(jwk), { set, version, ...columns }) };
  });
}

/** The algorithm a key is for: its `alg`, else the preferred one of its kind. */
export function algorithmName(jwk: Jwk): string {
  return jwk.alg ?? algorithmsOf(jwk.kty, jwk.crv)[0]?.name ?? jwk.kty;
}
