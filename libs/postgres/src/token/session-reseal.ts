import type { SessionSeal } from '@castellan/oauth2';
import type { Database } from '../database.js';
import { type SessionColumns, sessionOf } from './session-columns.js';

type Row = SessionColumns & { readonly bucket: number; readonly id: string };

// Rows of before there was a seal wait for one like those that another secret sealed. What is over is left to go with
// its partition.
const isOpen = `f.session IS NULL AND (f.access_token_extra <> '{}' OR f.id_token_extra <> '{}' OR f.nonce IS NOT NULL)`;
const waits = `f.expires_at > token.castellan_now()
  AND (CASE WHEN f.session IS NULL THEN ${isOpen} ELSE split_part(f.session, '.', 1) <> $1 END)`;

/**
 * How many grants that are not over have a session sealed under the token secret of which key ID; under the empty one
 * those that lie open.
 */
export async function sessionSecretUses(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database.query<{ id: string; grants: string }>(
    'token.family.secret_uses',
    `SELECT coalesce(split_part(f.session, '.', 1), '') AS id, count(*) AS grants FROM token.family f
      WHERE f.expires_at > token.castellan_now() AND (f.session IS NOT NULL OR ${isOpen}) GROUP BY 1`,
    [],
  );
  return new Map(rows.map(({ id, grants }) => [id, Number(grants)]));
}

/**
 * Seals at most `limit` sessions anew that are not sealed under the secret of that key ID, which `sessions` must seal
 * with; answers how many. Rows that another run holds are left to it. Throws SessionSealError for a row that does not
 * open, and changes nothing then.
 */
export function resealSessions(
  database: Database,
  sessions: SessionSeal,
  keyId: string,
  limit: number,
): Promise<number> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<Row>(
      `SELECT f.bucket, f.id, f.session, f.access_token_extra, f.id_token_extra, f.nonce, f.userinfo_claims
         FROM token.family f WHERE ${waits} LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [keyId, limit],
    );
    const sealed = rows.map((row) => sessions.seal(sessionOf(row, row, sessions), row));
    await client.query(
      `UPDATE token.family f
          SET session = i.session, access_token_extra = '{}', id_token_extra = '{}', nonce = NULL, userinfo_claims = '{}'
         FROM unnest($1::int[], $2::text[], $3::text[]) AS i(bucket, id, session)
        WHERE f.bucket = i.bucket AND f.id = i.id`,
      [rows.map(({ bucket }) => bucket), rows.map(({ id }) => id), sealed],
    );
    return rows.length;
  });
}
