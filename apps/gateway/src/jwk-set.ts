/**
 * Members of a public JWK that may be published, by key type (RFC 7517 section 4, RFC 7518 section 6, RFC 8037).
 * The key manager sends public keys only; this list is the second wall, so it names what may pass, not what may not.
 */
const COMMON_MEMBERS = ['use', 'key_ops', 'alg', 'kid', 'kty', 'x5u', 'x5c', 'x5t', 'x5t#S256'];
const PUBLIC_MEMBERS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['RSA', new Set([...COMMON_MEMBERS, 'n', 'e'])],
  ['EC', new Set([...COMMON_MEMBERS, 'crv', 'x', 'y'])],
  ['OKP', new Set([...COMMON_MEMBERS, 'crv', 'x'])],
]);

/**
 * Writes a public JWK Set (RFC 7517 section 5) from JWKs as JSON texts, in the order given.
 * A key of a type without public members (`oct`) is left out; any member outside the list is dropped.
 */
export function publicJwkSet(keys: readonly string[]): string {
  return JSON.stringify({ keys: keys.flatMap((key) => publicJwk(JSON.parse(key))) });
}

function publicJwk(jwk: unknown): readonly Record<string, unknown>[] {
  if (typeof jwk !== 'object' || jwk === null || !('kty' in jwk) || typeof jwk.kty !== 'string') {
    return [];
  }
  const allowed = PUBLIC_MEMBERS.get(jwk.kty);
  return allowed === undefined ? [] : [Object.fromEntries(Object.entries(jwk).filter(([name]) => allowed.has(name)))];
}
