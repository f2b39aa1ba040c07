import { signatureAlgorithms } from './algorithm.js';

/** What a signature of the product is for; each purpose has a key set of its own (RFC 8725 section 2.8). */
export type Purpose =
  'id-token' | 'access-token' | 'userinfo' | 'logout-token' | 'consent-challenge' | 'consent-response';

/** A key set that the product itself makes or keeps for itself. Its keys are named by their thumbprint. */
export type OwnSet = {
  readonly set: string;
  /** Algorithm of the key made at start and on deletion; absent: not made here. */
  readonly algorithm?: string;
  /** Made when somebody asks for its first key, not at start. */
  readonly onDemand?: boolean;
  /** Whether private parts may be read by rpc, and keys brought along. */
  readonly open: boolean;
  readonly purpose?: Purpose;
  /** Whether the keys carry `alg`. Without, they verify every algorithm of their kind. */
  readonly namesAlgorithm: boolean;
  /** Algorithms to which its keys may be rotated; absent: no life cycle moves them. */
  readonly rotatesTo?: readonly string[];
};

/** A set whose keys go through the life cycle. */
export type LivingSet = OwnSet & {
  readonly algorithm: string;
  readonly purpose: Purpose;
  readonly rotatesTo: readonly string[];
};

const asymmetric = signatureAlgorithms.filter((row) => row.kty !== 'oct').map((row) => row.name);

/** The set of the certificate that `host` serves; used in process only. */
export const TLS_SET = 'hydra.https-tls';

/**
 * The product's own sets, in the order in which they are made at start (rulings 23). Private parts of closed ones leave
 * the key manager by no rpc. The consent app signs with the private key of `hydra.consent.response`, hence it is open;
 * its keys name no algorithm because consent apps sign with RS256, RS384 or RS512.
 */
export const ownSets: readonly OwnSet[] = [
  {
    set: 'hydra.openid.id-token',
    algorithm: 'RS256',
    open: false,
    purpose: 'id-token',
    namesAlgorithm: true,
    rotatesTo: asymmetric,
  },
  { set: 'hydra.consent.response', algorithm: 'RS256', open: true, purpose: 'consent-response', namesAlgorithm: false },
  {
    set: 'hydra.consent.challenge',
    algorithm: 'RS256',
    open: false,
    purpose: 'consent-challenge',
    namesAlgorithm: true,
    // What consent apps of the original verify.
    rotatesTo: ['RS256'],
  },
  {
    set: 'hydra.openid.access-token',
    algorithm: 'RS256',
    open: false,
    purpose: 'access-token',
    namesAlgorithm: true,
    rotatesTo: asymmetric,
  },
  // One set for each further algorithm that clients may ask ID tokens in: each lives by itself.
  ...['ES256', 'ES512', 'EdDSA'].map((algorithm) => ({
    set: `hydra.openid.id-token.${algorithm}`,
    algorithm,
    onDemand: true,
    open: false,
    purpose: 'id-token' as const,
    namesAlgorithm: true,
    rotatesTo: [algorithm],
  })),
  { set: 'hydra.logout', open: false, namesAlgorithm: true },
  { set: TLS_SET, open: false, namesAlgorithm: true },
];

const bySet = new Map(ownSets.map((own) => [own.set, own]));

/** The own sets whose keys go through the life cycle. */
export const livingSets: readonly LivingSet[] = ownSets.filter(isLiving);

/** Whether the keys of a set go through the life cycle. */
export function isLiving(own: OwnSet | undefined): own is LivingSet {
  return own?.rotatesTo !== undefined && own.algorithm !== undefined && own.purpose !== undefined;
}

/** The own set of that ID; undefined for a set that users make. */
export function findOwnSet(set: string): OwnSet | undefined {
  return bySet.get(set);
}

/** The set that signs for a purpose where no algorithm is asked for. */
export function setOfPurpose(purpose: Purpose): OwnSet {
  const [own] = setsOfPurpose(purpose);
  if (own === undefined) throw new Error('a purpose without a key set');
  return own;
}

/**
 * Every set that holds keys of a purpose, the one that always signs first. Clients verify userinfo and logout tokens with
 * the keys that the issuer publishes, which are those of ID tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4).
 * Userinfo has no `exp`, without which no ID token is valid; a logout token has a `typ` of its own and `events`.
 */
export function setsOfPurpose(purpose: Purpose): readonly OwnSet[] {
  const wanted = purpose === 'userinfo' || purpose === 'logout-token' ? 'id-token' : purpose;
  return ownSets.filter((own) => own.purpose === wanted);
}
