import type { ActiveAccessToken, SessionSeal, StatelessAccessToken, StatelessTokenStore } from '@castellan/oauth2';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';
import type { PartitionKeeper } from '../partitions.js';
import { expectFew } from './expect-few.js';
import { insertIntoPartitions } from './token-partitions.js';

type GrantRow = { n: number; now: number; subject: string | null; session: string | null };

const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;
const end = `to_timestamp(i.expires_at / 1000)`;

/**
 * Of the tokens in the input those whose grant is as it was: unexpired, of a client that exists and did not have its
 * tokens revoked since, of a family that is not revoked, and not revoked alone.
 */
export const findGrantsOfTokens = `
  WITH ${clock},
  input AS (
    SELECT * FROM json_to_recordset($1::json) AS i(
      n int, bucket int, id text, client_uid uuid, client_id text, client_revision bigint,
      family_bucket int, family_id text, expires_at float8)
     WHERE ${expectFew('i.n')}
  )
  SELECT i.n, f.subject, f.session, floor(extract(epoch FROM clock.now) * 1000)::float8 AS now
    FROM input i
    JOIN token.client c ON c.uid = i.client_uid AND c.id = i.client_id
    LEFT JOIN token.family f ON f.bucket = i.family_bucket AND f.id = i.family_id AND f.client_uid = i.client_uid
   CROSS JOIN clock
   WHERE ${end} > clock.now
     AND (c.tokens_valid_from_revision IS NULL OR i.client_revision >= c.tokens_valid_from_revision)
     AND (i.family_id IS NULL OR (f.id IS NOT NULL AND f.revoked_at IS NULL))
     AND NOT EXISTS (SELECT FROM token.access_token a WHERE a.bucket = i.bucket AND a.id = i.id)`;

// The row that issuing the token did not write; it goes with its partition, once the token is expired.
const revokeToken = `
  INSERT INTO token.access_token
    (bucket, id, client_uid, client_id, subject, scopes, audience, issued_at, expires_at, revoked_at)
  VALUES ($1, $2, $3, $4, $4, '{}', '{}', to_timestamp($5::float8 / 1000), to_timestamp($6::float8 / 1000),
          token.castellan_now())
  ON CONFLICT (bucket, id) DO NOTHING`;

/** Access tokens without rows over PostgreSQL. Concurrent look-ups share one statement. */
export function createStatelessTokenStore(
  database: Database,
  keeper: PartitionKeeper,
  sessions: SessionSeal,
): StatelessTokenStore {
  return {
    findGrant: createBatcher<StatelessAccessToken, ActiveAccessToken | undefined>({
      async run(tokens) {
        const input = JSON.stringify(tokens.map(toInput));
        const rows = await database.query<GrantRow>('token.stateless.find', findGrantsOfTokens, [input]);
        const [first] = rows;
        if (first !== undefined) database.observeClock(new Date(first.now));
        const found = new Map(rows.map((row) => [row.n, row]));
        return tokens.map((token, n) => toActive(token, found.get(n), sessions));
      },
    }),

    async revoke({ key, clientUid, clientId, issuedAt, expiresAt }) {
      await insertIntoPartitions(
        keeper,
        () => [{ table: 'access_token', bucket: key.bucket }],
        () =>
          database.query('token.stateless.revoke', revokeToken, [
            ...[key.bucket, key.id, clientUid, clientId, issuedAt, expiresAt],
          ]),
      );
    },
  };
}

function toInput({ key, clientUid, clientId, clientRevision, family, expiresAt }: StatelessAccessToken, n: number) {
  return {
    n,
    bucket: key.bucket,
    id: key.id,
    client_uid: clientUid,
    client_id: clientId,
    client_revision: clientRevision,
    family_bucket: family?.bucket,
    family_id: family?.id,
    expires_at: expiresAt,
  };
}

function toActive(
  token: StatelessAccessToken,
  row: GrantRow | undefined,
  sessions: SessionSeal,
): ActiveAccessToken | undefined {
  if (row === undefined) return undefined;
  const { clientId, clientUid, scopes, audience, family, issuedAt, expiresAt, decision } = token;
  const sealed = family === undefined ? null : row.session;
  return {
    grant: {
      ...{ clientId, clientUid, subject: row.subject ?? clientId, scopes, audience },
      accessTokenExtra: sealed !== null && family !== undefined ? sessions.open(sealed, family).accessTokenExtra : {},
    },
    ...(family !== undefined ? { family } : {}),
    issuedAt,
    expiresAt,
    ...(decision !== undefined ? { decision } : {}),
  };
}
