import type { StoredClient } from '../client-store.js';
import type { JsonObject, RowKey } from '../grant.js';
import type { IssuanceDecision } from './issuance-guard.js';
import type { ActiveAccessToken } from './token-store.js';

/**
 * An access token that has no row: what its signed claims say about the grant behind it. Times are milliseconds since the
 * epoch.
 */
export type StatelessAccessToken = {
  /** Partition of its end and its random part: the name under which it is revoked alone. */
  readonly key: RowKey;
  readonly clientId: string;
  readonly clientUid: string;
  /** The revision at which its client authenticated: what was issued before a revocation is told from it (an epoch). */
  readonly clientRevision: number;
  /** Absent for client_credentials. */
  readonly family?: RowKey;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly decision?: IssuanceDecision;
};

/** Judges and revokes access tokens that have no row. Lifetimes are judged by the database's clock. */
export interface StatelessTokenStore {
  /**
   * What the token may do now; undefined when it is expired or revoked, its family is revoked or gone, its client is
   * deleted, or every token of the client was revoked after it authenticated for this one.
   */
  findGrant(token: StatelessAccessToken): Promise<ActiveAccessToken | undefined>;

  /** Revokes one token that has no family, by the row that issuing it did not write. Idempotent. */
  revoke(token: StatelessAccessToken): Promise<void>;
}

/** The claim of JWT access tokens that have no row; nothing else in a token makes this server believe one. */
export const grantClaim = 'grant';

/** What stands in the claim: enough to find the grant again, and nothing about people. */
export function toGrantClaim(
  client: Pick<StoredClient, 'uid' | 'revision'>,
  family: RowKey | undefined,
  decision: IssuanceDecision | undefined,
): JsonObject {
  return {
    client: client.uid,
    revision: client.revision,
    ...(family !== undefined ? { family: nameOf(family) } : {}),
    ...(decision !== undefined ? { decision: decision.id, policy_revision: decision.revision } : {}),
  };
}

/**
 * The token of claims whose signature is good; undefined when they have no grant claim, as those of tokens with a row, or
 * one that this server does not make.
 */
export function readStatelessToken(key: RowKey, claims: JsonObject): StatelessAccessToken | undefined {
  const grant = claims[grantClaim];
  if (typeof grant !== 'object' || grant === null) return undefined;
  const { client, revision, family, decision, policy_revision: policyRevision } = grant as JsonObject;
  const { client_id: clientId, scope = '', aud, iat, exp } = claims;
  const familyKey = readName(family);
  if (typeof client !== 'string' || !/^[0-9a-f-]{36}$/.test(client) || typeof clientId !== 'string') return undefined;
  if (!isTime(revision) || !isTime(iat) || !isTime(exp) || typeof scope !== 'string') return undefined;
  if (family !== undefined && familyKey === undefined) return undefined;
  return {
    key,
    clientId,
    clientUid: client,
    clientRevision: revision,
    ...(familyKey !== undefined ? { family: familyKey } : {}),
    scopes: scope.split(' ').filter((entry) => entry !== ''),
    // The client id stands for no resource at all.
    audience: (Array.isArray(aud) ? aud : [aud]).filter(
      (entry): entry is string => typeof entry === 'string' && entry !== clientId,
    ),
    issuedAt: iat * 1000,
    expiresAt: exp * 1000,
    ...(typeof decision === 'string' && isTime(policyRevision)
      ? { decision: { id: decision, revision: policyRevision } }
      : {}),
  };
}

/** Reads a key's name as `jti` and the grant claim hold it. */
export function readName(text: unknown): RowKey | undefined {
  const [, bucket, id] = /^([0-9]{1,9})\.([A-Za-z0-9_-]{43})$/.exec(typeof text === 'string' ? text : '') ?? [];
  return bucket === undefined || id === undefined ? undefined : { bucket: Number(bucket), id };
}

/** A key as one text. */
export function nameOf({ bucket, id }: RowKey): string {
  return `${bucket}.${id}`;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
