import type { GrantSession, JsonObject, RowKey, SessionSeal } from '@castellan/oauth2';

/** What a family's row holds of its session: sealed, or in the open columns of rows from before there was a seal. */
export type SessionColumns = {
  readonly session: string | null;
  readonly access_token_extra: JsonObject;
  readonly id_token_extra: JsonObject;
  readonly nonce: string | null;
  readonly userinfo_claims: readonly string[];
};

/** The session of a family. Throws SessionSealError when its row was tampered with: a fault, never an empty session. */
export function sessionOf(row: SessionColumns, family: RowKey, sessions: SessionSeal): GrantSession {
  if (row.session !== null) return sessions.open(row.session, family);
  return {
    accessTokenExtra: row.access_token_extra,
    idTokenExtra: row.id_token_extra,
    ...(row.nonce !== null ? { nonce: row.nonce } : {}),
    ...(row.userinfo_claims.length > 0 ? { userinfoClaims: row.userinfo_claims } : {}),
  };
}
