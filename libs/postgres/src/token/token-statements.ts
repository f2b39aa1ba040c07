/**
 * The hot statements of the token store. Each takes a batch: look-ups as arrays, writes as one JSON array. `clock` is
 * the database clock, read once per statement.
 */

import { batchOfKeys, expectFew } from './expect-few.js';

const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::float8`;
}

/** Inserts access tokens of clients that are still at the revision they authenticated with. */
export const insertClientAccessTokens = `
  WITH ${clock},
  input AS (
    SELECT * FROM json_to_recordset($1::json) AS i(
      bucket int, id text, client_uid uuid, client_revision bigint, client_id text, subject text,
      scopes text[], audience text[], extra jsonb, lifetime_ms float8, decision_id text, policy_revision bigint,
      n int)
     WHERE ${expectFew('i.n')}
  ),
  stored AS (
    INSERT INTO token.access_token
      (bucket, id, client_uid, client_id, subject, scopes, audience, extra, issued_at, expires_at, decision_id,
       policy_revision)
    SELECT i.bucket, i.id, i.client_uid, i.client_id, i.subject, i.scopes, i.audience, i.extra,
           clock.now, clock.now + i.lifetime_ms * interval '1 millisecond', i.decision_id, i.policy_revision
      FROM input i
      JOIN token.client c ON c.uid = i.client_uid AND c.revision = i.client_revision
     CROSS JOIN clock
    RETURNING id
  )
  SELECT ${milliseconds('clock.now')} AS now, ARRAY(SELECT id FROM stored) AS ids FROM clock`;

/** Active access tokens: unexpired, unrevoked, of a family that is not revoked and a client that exists. */
export const findActiveAccessTokens = `
  WITH ${clock}
  SELECT k.n::int AS n, a.client_id, a.client_uid, a.subject, a.scopes, a.audience, a.extra,
         a.family_bucket, a.family_id, f.session, a.decision_id, a.policy_revision::float8 AS policy_revision,
         ${milliseconds('a.issued_at')} AS issued_at, ${milliseconds('a.expires_at')} AS expires_at,
         ${milliseconds('clock.now')} AS now
    FROM ${batchOfKeys}
    JOIN token.access_token a ON a.bucket = k.bucket AND a.id = k.id
    JOIN token.client c ON c.uid = a.client_uid
    LEFT JOIN token.family f ON f.bucket = a.family_bucket AND f.id = a.family_id
   CROSS JOIN clock
   WHERE a.revoked_at IS NULL AND a.expires_at > clock.now
     AND (c.tokens_valid_after IS NULL OR a.issued_at > c.tokens_valid_after)
     AND (a.family_id IS NULL OR (f.id IS NOT NULL AND f.revoked_at IS NULL))`;

const familyColumns = `
  f.bucket AS family_bucket, f.id AS family_id, ${milliseconds('f.expires_at')} AS family_expires_at,
  f.client_uid, f.client_id, f.subject, f.scopes, f.audience, f.session, f.access_token_extra, f.id_token_extra,
  f.sid, f.consent_id,
  f.auth_time::float8 AS auth_time, f.nonce, f.userinfo_claims,
  CASE WHEN t.used_at IS NOT NULL THEN 'used'
       WHEN f.revoked_at IS NOT NULL OR c.uid IS NULL THEN 'revoked'
       WHEN least(t.expires_at, f.expires_at) <= clock.now THEN 'expired'
       ELSE 'live' END AS state,
  ${milliseconds('clock.now')} AS now`;

function findWithFamily(table: string, columns: string, joins = ''): string {
  return `
  WITH ${clock}
  SELECT k.n::int AS n, t.bucket, t.id, ${columns} ${familyColumns}
    FROM ${batchOfKeys}
    JOIN token.${table} t ON t.bucket = k.bucket AND t.id = k.id
    JOIN token.family f ON f.bucket = t.family_bucket AND f.id = t.family_id
    LEFT JOIN token.client c ON c.uid = f.client_uid
   CROSS JOIN clock
    ${joins}`;
}

/** Authorization codes in whatever state, with their grants. */
export const findAuthorizationCodes = findWithFamily(
  'authorization_code',
  `t.redirect_uri, t.redirect_uri_given, t.code_challenge,
   (extract(epoch FROM clock.now - t.used_at) * 1000)::float8 AS used_ago_ms,`,
);

/**
 * Refresh tokens in whatever state, with their grants, and with the answers that may be given again: inside the window,
 * the successor unused, family and client there.
 */
export const findRefreshTokens = findWithFamily(
  'refresh_token',
  `CASE WHEN a.ends_at > clock.now AND s.used_at IS NULL AND f.revoked_at IS NULL AND c.uid IS NOT NULL
        THEN a.sealed END AS sealed,
   ${milliseconds('t.issued_at')} AS issued_at, ${milliseconds('t.expires_at')} AS expires_at,
   a.parameters_hash, (extract(epoch FROM clock.now - t.used_at) * 1000)::float8 AS used_ago_ms,`,
  `LEFT JOIN token.refresh_answer a ON a.bucket = t.bucket AND a.id = t.id
   LEFT JOIN token.refresh_token s ON s.bucket = a.successor_bucket AND s.id = a.successor_id`,
);

/** Rows that another sweeper holds are left to it. */
export const sweepAnswers = `
  WITH ${clock},
  over AS MATERIALIZED (
    SELECT a.bucket, a.id FROM token.refresh_answer a CROSS JOIN clock
     WHERE a.ends_at <= clock.now
     LIMIT $1::int
       FOR UPDATE OF a SKIP LOCKED
  )
  DELETE FROM token.refresh_answer a USING over o WHERE a.bucket = o.bucket AND a.id = o.id RETURNING a.id`;

const keepAnswers = `,
  answer AS (
    INSERT INTO token.refresh_answer (bucket, id, successor_bucket, successor_id, sealed, parameters_hash, ends_at)
    SELECT i.bucket, i.id, i.refresh_bucket, i.refresh_id, i.sealed, i.parameters_hash,
           clock.now + i.window_ms * interval '1 millisecond'
      FROM burnt b JOIN input i ON i.n = b.n CROSS JOIN clock
     WHERE i.sealed IS NOT NULL
  )`;

/**
 * Burns live rows and stores what each buys, in one statement. Of equal keys the first ordinal plays, the others lose.
 * Rows are locked one by one in the order of their keys, which the input has, so two replicas cannot wait for each other; who waited for a row finds it
 * used when the lock is released, and gets nothing.
 */
function burnAndBuy(table: 'authorization_code' | 'refresh_token'): string {
  return `
  WITH ${clock},
  input AS MATERIALIZED (
    SELECT DISTINCT ON (i.bucket, i.id) i.* FROM json_to_recordset($1::json) AS i(
      n int, bucket int, id text,
      access_bucket int, access_id text, scopes text[], audience text[], access_lifetime_ms float8,
      refresh_bucket int, refresh_id text, refresh_lifetime_ms float8,
      sealed text, parameters_hash text, window_ms float8, decision_id text, policy_revision bigint)
     WHERE ${expectFew('i.n')}
     ORDER BY i.bucket, i.id, i.n
  ),
  locked AS MATERIALIZED (
    SELECT i.n, t.bucket, t.id
      FROM input i
     CROSS JOIN LATERAL (
             SELECT t.bucket, t.id FROM token.${table} t
              WHERE t.bucket = i.bucket AND t.id = i.id AND t.used_at IS NULL
                FOR UPDATE OF t) AS t
  ),
  burnt AS (
    UPDATE token.${table} t SET used_at = clock.now
      FROM locked l, clock, token.family f, token.client c
     WHERE t.bucket = l.bucket AND t.id = l.id AND t.used_at IS NULL AND t.expires_at > clock.now
       AND f.bucket = t.family_bucket AND f.id = t.family_id AND f.revoked_at IS NULL AND f.expires_at > clock.now
       AND c.uid = f.client_uid
    RETURNING l.n, f.bucket AS family_bucket, f.id AS family_id, f.client_uid, f.client_id, f.subject,
              f.access_token_extra, f.expires_at AS family_expires_at
  ),
  access AS (
    INSERT INTO token.access_token
      (bucket, id, family_bucket, family_id, client_uid, client_id, subject, scopes, audience, extra,
       issued_at, expires_at, decision_id, policy_revision)
    SELECT i.access_bucket, i.access_id, b.family_bucket, b.family_id, b.client_uid, b.client_id, b.subject,
           i.scopes, i.audience, b.access_token_extra, clock.now,
           least(clock.now + i.access_lifetime_ms * interval '1 millisecond', b.family_expires_at),
           i.decision_id, i.policy_revision
      FROM burnt b JOIN input i ON i.n = b.n CROSS JOIN clock
     WHERE i.access_id IS NOT NULL
  ),
  refresh AS (
    INSERT INTO token.refresh_token (bucket, id, family_bucket, family_id, issued_at, expires_at)
    SELECT i.refresh_bucket, i.refresh_id, b.family_bucket, b.family_id, clock.now,
           least(clock.now + i.refresh_lifetime_ms * interval '1 millisecond', b.family_expires_at)
      FROM burnt b JOIN input i ON i.n = b.n CROSS JOIN clock
     WHERE i.refresh_id IS NOT NULL
  )${table === 'refresh_token' ? keepAnswers : ''}
  SELECT ${milliseconds('clock.now')} AS now,
         ARRAY(SELECT n FROM burnt) AS won FROM clock`;
}

export const consumeAuthorizationCodes = burnAndBuy('authorization_code');
export const rotateRefreshTokens = burnAndBuy('refresh_token');

export const burnAuthorizationCode = `
  UPDATE token.authorization_code SET used_at = token.castellan_now()
   WHERE bucket = $1 AND id = $2 AND used_at IS NULL`;

export const revokeFamily = `
  UPDATE token.family SET revoked_at = token.castellan_now()
   WHERE bucket = $1 AND id = $2 AND revoked_at IS NULL`;

/**
 * Revokes the grants of a client, of a subject, or of a subject at a client. With a client alone its row is raised too: what it got for itself
 * is over, and a request that authenticated before stores nothing (rulings 18).
 */
export const revokeGrants = `
  WITH ${clock},
  client AS (
    UPDATE token.client c SET tokens_valid_after = clock.now, tokens_valid_from_revision = c.revision + 1,
           revision = c.revision + 1
      FROM clock
     WHERE c.id = $1::text AND $2::text IS NULL
  ),
  ended AS (
    UPDATE token.family f SET revoked_at = clock.now
      FROM clock
     WHERE f.revoked_at IS NULL AND f.expires_at > clock.now
       AND ($1::text IS NULL OR f.client_id = $1::text)
       AND ($2::text IS NULL OR f.subject = $2::text)
    RETURNING 1
  )
  SELECT count(*)::int AS ended FROM ended`;

export const revokeAccessToken = `
  UPDATE token.access_token SET revoked_at = token.castellan_now()
   WHERE bucket = $1 AND id = $2 AND revoked_at IS NULL`;
