import type { RowKey, SessionSeal, SubjectClaims, SubjectClaimsStore } from '@castellan/oauth2';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';
import { batchOfKeys } from './expect-few.js';
import { type SessionColumns, sessionOf } from './session-columns.js';

type Row = SessionColumns & { readonly n: number };

export const findSubjectClaims = `
  SELECT k.n::int AS n, f.session, f.access_token_extra, f.id_token_extra, f.nonce, f.userinfo_claims
    FROM ${batchOfKeys}
    JOIN token.family f ON f.bucket = k.bucket AND f.id = k.id
   WHERE f.revoked_at IS NULL`;

/** Claims about subjects in PostgreSQL, in the families of their tokens. Concurrent look-ups share one statement. */
export function createSubjectClaimsStore(database: Database, sessions: SessionSeal): SubjectClaimsStore {
  return {
    findSubjectClaims: createBatcher<RowKey, SubjectClaims | undefined>({
      async run(keys) {
        const rows = await database.query<Row>('token.family.subject_claims', findSubjectClaims, [
          keys.map((key) => key.bucket),
          keys.map((key) => key.id),
        ]);
        const found = new Map(rows.map((row) => [row.n, row]));
        return keys.map((key, index) => {
          const row = found.get(index + 1);
          if (row === undefined) return undefined;
          const { idTokenExtra, userinfoClaims, subjectIdentifier } = sessionOf(row, key, sessions);
          return {
            claims: idTokenExtra,
            requestedClaims: userinfoClaims ?? [],
            ...(subjectIdentifier !== undefined ? { subjectIdentifier } : {}),
          };
        });
      },
    }),
  };
}
