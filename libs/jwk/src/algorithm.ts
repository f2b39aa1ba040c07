import { constants, type SigningOptions } from 'node:crypto';

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
  /** Whether a signature takes so long (over 0.2 ms) that it must not be made on the event loop. */
  readonly isSlow?: true;
  /** Salt octets of RSASSA-PSS, as many as the digest has (RFC 7518 section 3.5). */
  readonly saltLength?: number;
  /** Octets of a key that is made for it, and fewest of one brought along (RFC 7518 section 3.2). */
  readonly secretLength?: number;
};

/** The algorithms, the preferred one of each kind of key first. `none` and everything not in here does not exist. */
// prettier-ignore
export const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { name: 'RS256', kty: 'RSA', digest: 'sha256', isSlow: true },
  { name: 'RS384', kty: 'RSA', digest: 'sha384', isSlow: true },
  { name: 'RS512', kty: 'RSA', digest: 'sha512', isSlow: true },
  { name: 'PS256', kty: 'RSA', digest: 'sha256', saltLength: 32, isSlow: true },
  { name: 'PS384', kty: 'RSA', digest: 'sha384', saltLength: 48, isSlow: true },
  { name: 'PS512', kty: 'RSA', digest: 'sha512', saltLength: 64, isSlow: true },
  { name: 'ES256', kty: 'EC', crv: 'P-256', digest: 'sha256', signatureLength: 64 },
  { name: 'ES384', kty: 'EC', crv: 'P-384', digest: 'sha384', signatureLength: 96, isSlow: true },
  { name: 'ES512', kty: 'EC', crv: 'P-521', digest: 'sha512', signatureLength: 132, isSlow: true },
  { name: 'EdDSA', kty: 'OKP', crv: 'Ed25519', signatureLength: 64 },
  { name: 'HS256', kty: 'oct', digest: 'sha256', signatureLength: 32, secretLength: 32 },
  { name: 'HS384', kty: 'oct', digest: 'sha384', signatureLength: 48, secretLength: 48 },
  { name: 'HS512', kty: 'oct', digest: 'sha512', signatureLength: 64, secretLength: 64 },
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

/** How a signature of an algorithm is made beside its digest: PSS with its salt, ECDSA as two numbers side by side. */
export function schemeOf({ saltLength }: SignatureAlgorithm): SigningOptions {
  return saltLength === undefined
    ? { dsaEncoding: 'ieee-p1363' }
    : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
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
