import { createHash } from 'node:crypto';
import type { Client } from './client.js';
import type { Grant, JsonObject } from './grant.js';
import type { SubjectIdentifier } from './subject-identifier.js';

/** Signs the claims of ID tokens; the private key is elsewhere. */
export interface IdTokenSigner {
  /** The claims as a JWS in compact serialization, and the algorithm that made it; `wanted` where one is given. */
  sign(claims: object, wanted?: string): Promise<{ readonly jws: string; readonly algorithm: string }>;
  /** The algorithm that `sign` uses now where none is wanted; the hash claims depend on it. */
  algorithm(): Promise<string>;
}

/** What ID tokens are made with. */
export type IdTokenTools = { readonly idTokenSigner: IdTokenSigner; readonly subjectIdentifier: SubjectIdentifier };

/** What an ID token says. `now` and `lifetimeMs` are milliseconds. */
export type IdTokenInput = {
  readonly grant: Grant;
  /** The client of the grant. */
  readonly client: Pick<Client, 'openid' | 'redirectUris'>;
  readonly issuer: string;
  readonly now: number;
  readonly lifetimeMs: number;
  /** Makes `at_hash` (OpenID Connect Core section 3.2.2.10). */
  readonly accessToken?: string;
  /** Makes `c_hash` (OpenID Connect Core section 3.3.2.11). */
  readonly code?: string;
  readonly nonce?: string;
};

/** The claims of ID tokens that this server decides itself, whatever the consent app sends. */
const reservedClaims: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'nonce',
  'auth_time',
  'at_hash',
  'c_hash',
  's_hash',
  'azp',
  // With it an ID token could pass for a logout token or a security event (OpenID Connect Back-Channel Logout section 2.4).
  'events',
]);

/** The hash of each signing algorithm (OpenID Connect Core section 3.1.3.6; RFC 8032 for EdDSA with Ed25519). */
const hashOfAlgorithm: ReadonlyMap<string, string> = new Map([
  ['RS256', 'sha256'],
  ['RS384', 'sha384'],
  ['RS512', 'sha512'],
  ['PS256', 'sha256'],
  ['PS384', 'sha384'],
  ['PS512', 'sha512'],
  ['ES256', 'sha256'],
  ['ES384', 'sha384'],
  ['ES512', 'sha512'],
  ['EdDSA', 'sha512'],
]);

/** How often the algorithm may change under our hands, as it does when a key is rotated. */
const maxAttempts = 3;

/** Extra claims without the reserved ones (rulings 34). */
export function withoutReservedClaims(claims: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !reservedClaims.has(name)));
}

/**
 * Makes an ID token (OpenID Connect Core section 2) as its client registered for: algorithm and subject. The hash claims belong to the algorithm of the signature: when the
 * key was exchanged for one of another algorithm in between, the claims are made again.
 */
export async function mintIdToken(tools: IdTokenTools, input: IdTokenInput): Promise<string> {
  const signer = tools.idTokenSigner;
  const subject = input.grant.subjectIdentifier ?? tools.subjectIdentifier(input.client, input.grant.subject);
  const wanted = input.client.openid?.idTokenSignedResponseAlg;
  let algorithm = wanted ?? (await signer.algorithm());
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const signed = await signer.sign(idTokenClaims(input, subject, algorithm), wanted);
    if (hashName(signed.algorithm) === hashName(algorithm)) return signed.jws;
    algorithm = signed.algorithm;
  }
  throw new Error('the algorithm of the ID token key keeps changing');
}

function idTokenClaims(input: IdTokenInput, subject: string, algorithm: string): JsonObject {
  const { grant } = input;
  const audience = [grant.clientId, ...grant.audience.filter((entry) => entry !== grant.clientId)];
  const issuedAt = Math.floor(input.now / 1000);
  return {
    ...withoutReservedClaims(grant.idTokenExtra),
    iss: input.issuer,
    sub: subject,
    aud: audience.length === 1 ? grant.clientId : audience,
    // Clients refuse an ID token of several audiences that does not name them (section 3.1.3.7, steps 3 to 5).
    ...(audience.length > 1 ? { azp: grant.clientId } : {}),
    exp: issuedAt + Math.floor(input.lifetimeMs / 1000),
    iat: issuedAt,
    ...(grant.authTime !== undefined ? { auth_time: grant.authTime } : {}),
    ...(input.nonce !== undefined ? { nonce: input.nonce } : {}),
    ...(grant.sid !== undefined ? { sid: grant.sid } : {}),
    ...(input.accessToken !== undefined ? { at_hash: leftHash(input.accessToken, algorithm) } : {}),
    ...(input.code !== undefined ? { c_hash: leftHash(input.code, algorithm) } : {}),
  };
}

/** Left half of the hash that the signing algorithm uses, base64url. */
function leftHash(text: string, algorithm: string): string {
  const digest = createHash(hashName(algorithm)).update(text, 'ascii').digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

function hashName(algorithm: string): string {
  const name = hashOfAlgorithm.get(algorithm);
  if (name === undefined) throw new Error(`ID tokens cannot be signed with ${algorithm}`);
  return name;
}
