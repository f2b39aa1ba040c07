import type { RowKey } from '../grant.js';
import type { IssuanceDecision } from './issuance-guard.js';
import type { StatelessAccessToken } from './stateless-token.js';
import type { TokenType } from './token-text.js';

/** Why a token is worth nothing, one word each. */
export const invalidReasons = [
  'unknown',
  'expired',
  'used',
  'revoked',
  'family_gone',
  'family_expired',
  'family_revoked',
  'client_deleted',
  'client_revoked',
] as const;

/** One of `invalidReasons`. */
export type InvalidReason = (typeof invalidReasons)[number];

/** A family as an operator may see it. Times are milliseconds since the epoch. */
export type InspectedFamily = {
  readonly key: RowKey;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt?: number;
  readonly scopes: readonly string[];
};

/** A token in whatever state it is. Times are milliseconds since the epoch. */
export type InspectedToken = {
  readonly clientId: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Everything that makes it worth nothing, in the order of `invalidReasons`; empty while it is good. */
  readonly reasons: readonly InvalidReason[];
  readonly family?: InspectedFamily;
  readonly decision?: IssuanceDecision;
};

/**
 * Looks at tokens in any state, for operators. It reads what the token store writes, changes nothing, and judges by the
 * database's clock: a token has no reason exactly while the token store takes it.
 */
export interface TokenInspectionStore {
  /** The token of a row; undefined when there is none (any more). */
  inspect(type: TokenType, key: RowKey): Promise<InspectedToken | undefined>;
  /** An access token that has no row. */
  inspectStateless(token: StatelessAccessToken): Promise<InspectedToken>;
}
