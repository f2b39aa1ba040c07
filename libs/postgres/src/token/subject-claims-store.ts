import type { JsonObject, RowKey, SubjectClaims, SubjectClaimsStore } from '@castellan/oauth2';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';

type Row = { n: number; id_token_extra: JsonObject; userinfo_claims: string[] };

const findSubjectClaims = `
  SELECT k.n::int AS n, f.id_token_extra, f.userinfo_claims
    FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS k(bucket, id, n)
    JOIN token.family f ON f.bucket = k.bucket AND f.id = k.id
   WHERE f.revoked_at IS NULL`;

/** Claims about subjects in PostgreSQL, in the families of their tokens. Concurrent look-ups share one statement. */
export function createSubjectClaimsStore(database: Database): SubjectClaimsStore {
  return {
    findSubjectClaims: createBatcher<RowKey, SubjectClaims | undefined>({
      async run(keys) {
        const rows = await database.query<Row>('token.family.subject_claims', findSubjectClaims, [
          keys.map((key) => key.bucket),
          keys.map((key) => key.id),
        ]);
        const found = new Map(
          rows.map((row) => [row.n, { claims: row.id_token_extra, requestedClaims: row.userinfo_claims }]),
        );
        return keys.map((_, index) => found.get(index + 1));
      },
    }),
  };
}
