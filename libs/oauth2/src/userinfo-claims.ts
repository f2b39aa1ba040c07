import { type JsonObject } from './grant.js';
import { withoutReservedClaims } from './id-token.js';

/** The claims that a scope asks for (OpenID Connect Core section 5.4). */
const claimsOfScope: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'profile',
    [
      'name',
      'family_name',
      'given_name',
      'middle_name',
      'nickname',
      'preferred_username',
      'profile',
      'picture',
      'website',
      'gender',
      'birthdate',
      'zoneinfo',
      'locale',
      'updated_at',
    ],
  ],
  ['email', ['email', 'email_verified']],
  ['address', ['address']],
  ['phone', ['phone_number', 'phone_number_verified']],
]);

/** Scopes that ask for claims. */
export const claimScopes: readonly string[] = [...claimsOfScope.keys()];

/** Claims that only a scope or the `claims` parameter releases. */
export const scopedClaims: readonly string[] = [...claimsOfScope.values()].flat();

/**
 * The claims about a subject that userinfo releases, out of those that the consent app gave: a claim that belongs to a
 * scope only where that scope was granted or the `claims` parameter asked for it, any other as it is.
 */
export function releasedClaims(
  given: JsonObject,
  granted: { readonly scopes: readonly string[]; readonly requestedClaims: readonly string[] },
): JsonObject {
  const released = new Set([
    ...granted.requestedClaims,
    ...granted.scopes.flatMap((scope) => claimsOfScope.get(scope) ?? []),
  ]);
  const scoped = new Set(scopedClaims);
  const claims = Object.entries(withoutReservedClaims(given));
  return Object.fromEntries(claims.filter(([name]) => released.has(name) || !scoped.has(name)));
}
