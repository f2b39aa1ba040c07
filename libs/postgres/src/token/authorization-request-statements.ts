/**
 * The statements of authorization requests. `clock` is the database clock, read once per statement. A request is
 * pending while it is undecided, unexpired and its client exists.
 */
const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::float8`;
}

const isPending = `
  r.decided_at IS NULL AND r.expires_at > clock.now
  AND EXISTS (SELECT 1 FROM token.client c WHERE c.uid = r.client_uid)`;

/** Stores a request unless its client has too many undecided ones; counts no further than that. */
export const insertRequest = `
  WITH ${clock},
  pending AS (
    SELECT 1 FROM token.authorization_request r CROSS JOIN clock
     WHERE r.client_uid = $2::uuid AND r.decided_at IS NULL AND r.expires_at > clock.now
     LIMIT $8::int
  )
  INSERT INTO token.authorization_request
    (id, client_uid, client_id, parameters, parameters_hash, browser_hash, created_at, expires_at)
  SELECT $1, $2::uuid, $3, $4::jsonb, $5, $6, clock.now, clock.now + $7::float8 * interval '1 millisecond'
    FROM clock
   WHERE (SELECT count(*) FROM pending) < $8::int
  RETURNING id`;

export const findPendingRequest = `
  WITH ${clock}
  SELECT r.id, r.client_uid, r.client_id, r.parameters, r.parameters_hash, r.browser_hash,
         ${milliseconds('r.created_at')} AS created_at, ${milliseconds('clock.now')} AS now
    FROM token.authorization_request r CROSS JOIN clock
   WHERE r.id = $1 AND ${isPending}`;

/**
 * Burns a pending request and stores what the decision buys. Who waited for the row's lock finds it decided when the
 * lock is released, and gets nothing.
 */
export const completeRequest = `
  WITH ${clock},
  input AS MATERIALIZED (
    SELECT * FROM json_to_record($2::json) AS i(
      family_bucket int, family_id text, client_uid uuid, client_id text, subject text, scopes text[], audience text[],
      session text, auth_time bigint, family_expires_at float8,
      code_bucket int, code_id text, redirect_uri text, redirect_uri_given boolean, code_challenge text,
      code_lifetime_ms float8,
      access_bucket int, access_id text, access_lifetime_ms float8, access_scopes text[], decision_id text,
      policy_revision bigint)
  ),
  burnt AS (
    UPDATE token.authorization_request r SET decided_at = clock.now, parameters = NULL
      FROM clock, input i
     WHERE r.id = $1 AND r.client_uid = i.client_uid AND ${isPending}
    RETURNING clock.now
  ),
  family AS (
    INSERT INTO token.family
      (bucket, id, client_uid, client_id, subject, scopes, audience, session, auth_time, created_at, expires_at)
    SELECT i.family_bucket, i.family_id, i.client_uid, i.client_id, i.subject, i.scopes, i.audience,
           i.session, i.auth_time, b.now, to_timestamp(i.family_expires_at / 1000)
      FROM burnt b CROSS JOIN input i
  ),
  code AS (
    INSERT INTO token.authorization_code
      (bucket, id, family_bucket, family_id, redirect_uri, redirect_uri_given, code_challenge, issued_at, expires_at)
    SELECT i.code_bucket, i.code_id, i.family_bucket, i.family_id, i.redirect_uri, i.redirect_uri_given,
           i.code_challenge, b.now, b.now + i.code_lifetime_ms * interval '1 millisecond'
      FROM burnt b CROSS JOIN input i
     WHERE i.code_id IS NOT NULL
  ),
  access AS (
    INSERT INTO token.access_token
      (bucket, id, family_bucket, family_id, client_uid, client_id, subject, scopes, audience, issued_at, expires_at,
       decision_id, policy_revision)
    SELECT i.access_bucket, i.access_id, i.family_bucket, i.family_id, i.client_uid, i.client_id, i.subject,
           i.access_scopes,
           i.audience, b.now,
           least(b.now + i.access_lifetime_ms * interval '1 millisecond', to_timestamp(i.family_expires_at / 1000)),
           i.decision_id, i.policy_revision
      FROM burnt b CROSS JOIN input i
     WHERE i.access_id IS NOT NULL
  )
  SELECT ${milliseconds('clock.now')} AS now, EXISTS (SELECT 1 FROM burnt) AS won FROM clock`;

export const discardRequest = `
  WITH ${clock}
  UPDATE token.authorization_request r SET decided_at = clock.now, parameters = NULL
    FROM clock
   WHERE r.id = $1 AND ${isPending}
  RETURNING r.id`;

/** Rows that another sweeper holds are left to it. */
export const sweepRequests = `
  WITH ${clock},
  over AS MATERIALIZED (
    SELECT r.id FROM token.authorization_request r CROSS JOIN clock
     WHERE r.expires_at <= clock.now
     LIMIT $1::int
       FOR UPDATE OF r SKIP LOCKED
  )
  DELETE FROM token.authorization_request WHERE id IN (SELECT id FROM over) RETURNING id`;
