import { algorithmsOf } from './algorithm.js';
import { formatJwk, type Jwk, type NamedJwk, partOf } from './jwk.js';
import type { NewKey } from './key-store.js';
import type { KeyLife } from './life-cycle.js';
import type { Sealer } from './seal.js';

/** Seals keys for the rows of a set that the given version will write; `life` where their set has a life cycle. */
export function sealKeys(
  sealer: Sealer,
  set: string,
  jwks: readonly NamedJwk[],
  version: number,
  life?: KeyLife,
): readonly NewKey[] {
  return jwks.map((jwk) => {
    const columns = { kid: jwk.kid, part: partOf(jwk), algorithm: algorithmName(jwk), use: jwk.use ?? '' };
    const sealed = sealer.seal(formatJwk(jwk), { set, version, ...columns });
    return { ...columns, sealed, ...(life !== undefined ? { life } : {}) };
  });
}

/** The algorithm a key is for: its `alg`, else the preferred one of its kind. */
export function algorithmName(jwk: Jwk): string {
  return jwk.alg ?? algorithmsOf(jwk.kty, jwk.crv)[0]?.name ?? jwk.kty;
}
