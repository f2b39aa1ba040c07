/** Key types of RFC 7518 section 6.1 and RFC 8037 section 2. */
export type KeyType = 'RSA' | 'EC' | 'OKP' | 'oct';

/** All that is known about one signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export type SignatureAlgorithm = {
  /** Value of the `alg` header and member. */
  readonly name: string;
  readonly kty: KeyType;
  /** Curve, for kinds of key that have one. */
  readonly crv?: string;
  /** Digest by its node:crypto name; absent where the algorithm brings its own. */
  readonly digest?: string;
  /** Bytes of a signature where that does not depend on the key. */
  readonly signatureLength?: number;
  /** Whether new keys may be made for it; the others are for verifying and for keys brought along. */
  readonly generates: boolean;
};

/** The algorithms, the preferred one of each kind of key first. `none` and everything not in here does not exist. */
export const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { name: 'RS256', kty: 'RSA', digest: 'sha256', generates: true },
  { name: 'RS384', kty: 'RSA', digest: 'sha384', generates: false },
  { name: 'RS512', kty: 'RSA', digest: 'sha512', generates: false },
  { name: 'ES256', kty: 'EC', crv: 'P-256', digest: 'sha256', signatureLength: 64, generates: true },
  { name: 'ES384', kty: 'EC', crv: 'P-384', digest: 'sha384', signatureLength: 96, generates: false },
  { name: 'ES512', kty: 'EC', crv: 'P-521', digest: 'sha512', signatureLength: 132, generates: true },
  { name: 'EdDSA', kty: 'OKP', crv: 'Ed25519', signatureLength: 64, generates: true },
  { name: 'HS256', kty: 'oct', digest: 'sha256', signatureLength: 32, generates: true },
];

const byName = new Map(signatureAlgorithms.map((algorithm) => [algorithm.name, algorithm]));
// The original called P-521 signatures ES521.
byName.set('ES521', byName.get('ES512') as SignatureAlgorithm);

/** Looks an algorithm up by the exact name that stands in a header, or by an alias; undefined when it does not exist. */
export function findAlgorithm(name: string): SignatureAlgorithm | undefined {
  return byName.get(name);
}

/** The algorithms a key of this kind can be used with, the preferred one first. */
export function algorithmsOf(kty: string, crv: string | undefined): readonly SignatureAlgorithm[] {
  return signatureAlgorithms.filter((row) => row.kty === kty && row.crv === (row.crv === undefined ? undefined : crv));
}

/** Bytes of a coordinate and of the private value, by curve (RFC 7518 section 6.2.1, RFC 8037 section 2). */
export const curveSizes: ReadonlyMap<string, { readonly kty: KeyType; readonly bytes: number }> = new Map([
  ['P-256', { kty: 'EC', bytes: 32 }],
  ['P-384', { kty: 'EC', bytes: 48 }],
  ['P-521', { kty: 'EC', bytes: 66 }],
  ['Ed25519', { kty: 'OKP', bytes: 32 }],
]);

/** Algorithms that a key with `use: enc` may name (RFC 7518 section 4.1). RSA1_5 is left out on purpose. */
export const encryptionAlgorithms: Readonly<Record<KeyType, readonly string[]>> = {
  RSA: ['RSA-OAEP', 'RSA-OAEP-256'],
  EC: ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'],
  OKP: [],
  oct: ['dir', 'A256KW', 'A256GCMKW'],
};
