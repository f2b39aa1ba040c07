import { createHash } from 'node:crypto';
import type { Jwk } from './jwk.js';

// Required members in lexicographic order (RFC 7638 section 3.2, RFC 8037 section 2).
const required: ReadonlyMap<string, readonly (keyof Jwk)[]> = new Map([
  ['RSA', ['e', 'kty', 'n']],
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['oct', ['k', 'kty']],
]);

/** JWK thumbprint with SHA-256 as base64url (RFC 7638); equal for the private and the public part of one key. */
export function thumbprint(jwk: Jwk): string {
  const members = required.get(jwk.kty);
  if (members === undefined) throw new Error('a thumbprint needs a known key type');
  const canonical = JSON.stringify(Object.fromEntries(members.map((member) => [member, jwk[member]])));
  return createHash('sha256').update(canonical, 'utf8').digest('base64url');
}
