import { JwsError, type Jwk, verifyJwt } from '@castellan/jwk';
import { clientAssertionAlgorithms } from '../client-assertion.js';
import type { StoredClient } from '../client-store.js';
import type { Grant, JsonObject, RowKey } from '../grant.js';
import { signedAtMostMs } from '../lifetimes.js';
import type { ResourceServerStore } from '../resource-server.js';
import type { GrantKind } from '../lifespans.js';
import { formatScope } from '../scope.js';
import type { SubjectIdentifier } from '../subject-identifier.js';
import { decideIssuance, type IssuanceGuard } from './issuance-guard.js';
import { type FamilyOf, type Mint, mintAccessToken } from './mint.js';
import {
  grantClaim,
  nameOf,
  readName,
  readStatelessToken,
  type StatelessAccessToken,
  toGrantClaim,
} from './stateless-token.js';
import { tokenBucket, type TokenText } from './token-text.js';
import type { NewAccessToken } from './token-store.js';

/** Signs JWT access tokens, and knows the public keys that verify them. */
export interface AccessTokenSigner {
  /** The claims as a JWS of type `at+jwt` (RFC 9068 section 2.1). */
  sign(claims: object): Promise<string>;
  /** The keys as last seen. */
  current(): Promise<readonly Jwk[]>;
  /** The keys as they are now: asked for when a signature fits none of those last seen. */
  refresh(): Promise<readonly Jwk[]>;
}

/** What issuing access tokens works with. */
export type AccessTokenTools = {
  readonly mint: Mint;
  readonly accessTokenSigner: AccessTokenSigner;
  readonly subjectIdentifier: SubjectIdentifier;
  readonly resourceServers: Pick<ResourceServerStore, 'find'>;
  /** Absent: what a client is registered for and was granted is issued. */
  readonly issuanceGuard?: IssuanceGuard;
};

/** What reading access tokens works with. */
export type AccessTokenTexts = { readonly tokenText: TokenText; readonly accessTokenSigner: AccessTokenSigner };

/** Claims that this server decides itself, whatever the consent app sends; also those of other kinds of JWT. */
export const reservedAccessTokenClaims: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'client_id', 'scope', 'auth_time', 'acr', 'amr'],
  ...['ext', 'cnf', 'act', 'may_act', 'nonce', 'azp', 'sid', 'events', 'typ', grantClaim],
]);

// Room for the head, the claims of the grant and 8 KiB of extra data.
const maxLength = 32 * 1024;

/** An access token as its client gets it, and its row unless it has none. */
export type IssuedAccessToken = {
  readonly text: string;
  readonly lifetimeMs: number;
  readonly row?: NewAccessToken;
};

/**
 * An access token for a grant, in the format that `mint` says: opaque, or a JWT (RFC 9068). A JWT is stored like an
 * opaque one, under its `jti`, or has no row and names its grant in a claim: both can be introspected and revoked. Where
 * policies guard issuance they are asked first. `sub` of a JWT is the subject as the client may know it. `client` must
 * be fresh where the token may have no row: no write is guarded by its revision then.
 */
export async function issueAccessToken(
  tools: Omit<AccessTokenTools, 'mint'>,
  issued: {
    readonly mint: Mint;
    readonly issuer: string;
    readonly client: StoredClient;
    readonly grant: Grant;
    readonly family?: FamilyOf;
    readonly kind: GrantKind;
    readonly remoteAddress?: string;
  },
): Promise<IssuedAccessToken> {
  const { mint, grant, family } = issued;
  const { clientId, subject, scopes, audience } = grant;
  const decision = await decideIssuance(tools.issuanceGuard, {
    ...{ clientId, subject, scopes, audience, grant: issued.kind },
    ...(issued.remoteAddress !== undefined ? { remoteAddress: issued.remoteAddress } : {}),
  });
  const minted = mintAccessToken(mint, grant, family);
  const opaque = decision === undefined ? minted : { ...minted, row: { ...minted.row, decision } };
  if ((mint.accessTokenFormat ?? 'opaque') === 'opaque') return { ...opaque, lifetimeMs: opaque.row.lifetimeMs };
  const stateless = mint.accessTokenFormat === 'stateless-jwt';
  const issuedAt = mint.now();
  const lifetimeMs = Math.min(opaque.row.lifetimeMs, mint.signedAtMostMs ?? signedAtMostMs);
  const key: RowKey = {
    bucket: tokenBucket('access_token', issuedAt + lifetimeMs),
    id: mint.randomBytes(32).toString('base64url'),
  };
  const text = await tools.accessTokenSigner.sign({
    ...topLevelClaims(mint, grant),
    iss: issued.issuer,
    sub:
      grant.subject === grant.clientId ? grant.subject : tools.subjectIdentifier(issued.client.client, grant.subject),
    aud: audienceOf(grant),
    exp: Math.floor((issuedAt + lifetimeMs) / 1000),
    iat: Math.floor(issuedAt / 1000),
    jti: nameOf(key),
    client_id: grant.clientId,
    ...(grant.scopes.length > 0 ? { scope: formatScope(grant.scopes) } : {}),
    ...(grant.authTime !== undefined ? { auth_time: grant.authTime } : {}),
    ...(Object.keys(grant.accessTokenExtra).length > 0 ? { ext: grant.accessTokenExtra } : {}),
    ...(stateless ? { [grantClaim]: toGrantClaim(issued.client, family?.key, decision) } : {}),
  });
  return { text, lifetimeMs, ...(stateless ? {} : { row: { ...opaque.row, key, lifetimeMs } }) };
}

/** What the text of an access token says: the name of its row, or that it has none. */
export type AccessTokenName = { readonly key: RowKey; readonly stateless?: StatelessAccessToken };

/**
 * The name of an access token of any format; undefined for anything that this server did not issue as one. Opaque texts
 * are judged by their MAC, JWTs by their signature and type: other JWTs of this server never pass.
 */
export async function readAccessToken(
  text: string,
  { tokenText, accessTokenSigner }: AccessTokenTexts,
): Promise<AccessTokenName | undefined> {
  const key = tokenText.parse(text, 'access_token');
  if (key !== undefined) return { key };
  if (!/^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    return nameOfJwt(text, await accessTokenSigner.current());
  } catch (cause) {
    if (!(cause instanceof JwsError)) throw cause;
    if (cause.code !== 'signature' && cause.code !== 'key') return undefined;
  }
  try {
    return nameOfJwt(text, await accessTokenSigner.refresh());
  } catch (cause) {
    if (cause instanceof JwsError) return undefined;
    throw cause;
  }
}

function nameOfJwt(text: string, keys: readonly Jwk[]): AccessTokenName | undefined {
  const { claims } = verifyJwt(text, keys, { algorithms: clientAssertionAlgorithms, typ: 'at+jwt', maxLength });
  const key = readName(claims['jti']);
  if (key === undefined) return undefined;
  const stateless = readStatelessToken(key, claims);
  return stateless === undefined ? { key } : { key, stateless };
}

/** One value is a string, several an array; the client id when no resource was asked for (rulings 31). */
function audienceOf(grant: Grant): string | readonly string[] {
  if (grant.audience.length === 0) return grant.clientId;
  return grant.audience.length === 1 ? (grant.audience[0] ?? grant.clientId) : grant.audience;
}

function topLevelClaims({ topLevelClaims: allowed = [] }: Mint, grant: Grant): JsonObject {
  const { accessTokenExtra: extra } = grant;
  return Object.fromEntries(allowed.flatMap((name) => (Object.hasOwn(extra, name) ? [[name, extra[name]]] : [])));
}
