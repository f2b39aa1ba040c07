/** A JSON Web Key (RFC 7517 section 4), with the members that are kept. */
export type Jwk = {
  readonly use?: string;
  readonly kty: string;
  readonly kid?: string;
  readonly crv?: string;
  readonly alg?: string;
  readonly key_ops?: readonly string[];
  readonly k?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  readonly d?: string;
  readonly p?: string;
  readonly q?: string;
  readonly dp?: string;
  readonly dq?: string;
  readonly qi?: string;
  readonly x5c?: readonly string[];
};

/** A JWK that has a name, as every key of a set does. */
export type NamedJwk = Jwk & { readonly kid: string };

/** What a JWK lets its holder do: sign, verify, or (a symmetric key) both. */
export type KeyPart = 'private' | 'public' | 'secret';

// In the order in which the original wrote them.
// prettier-ignore
const members = [
  'use', 'kty', 'kid', 'crv', 'alg', 'key_ops',
  'k', 'x', 'y', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x5c',
] as const satisfies readonly (keyof Jwk)[];

const publicMembers: ReadonlySet<string> = new Set(['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y', 'n', 'e', 'x5c']);

/** Whether a JWK holds the private, the public or (for `oct`) the only part of a key. */
export function partOf(jwk: Jwk): KeyPart {
  if (jwk.kty === 'oct') return 'secret';
  return jwk.d === undefined ? 'public' : 'private';
}

/**
 * The public part of an asymmetric JWK, from a list of members that may be public: what is not known is not copied.
 * Undefined for a symmetric key, which has none. `key_ops` is left behind, for it told what the private key may do.
 */
export function publicPart(jwk: NamedJwk): NamedJwk | undefined;
export function publicPart(jwk: Jwk): Jwk | undefined;
export function publicPart(jwk: Jwk): Jwk | undefined {
  if (jwk.kty === 'oct') return undefined;
  return orderedMembers(jwk, (member) => publicMembers.has(member));
}

/** JSON text of a JWK, members in a fixed order, members that are not known left out. */
export function formatJwk(jwk: Jwk): string {
  return JSON.stringify(orderedMembers(jwk, () => true));
}

function orderedMembers(jwk: Jwk, keep: (member: string) => boolean): Jwk {
  const picked = members.filter((member) => jwk[member] !== undefined && keep(member));
  return Object.fromEntries(picked.map((member) => [member, jwk[member]])) as unknown as Jwk;
}
