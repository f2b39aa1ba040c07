import { messagesToClients } from './end-sessions.js';
import { expectFew } from './expect-few.js';

/**
 * The statements of authorization requests. `clock` is the database clock, read once per statement. A request is
 * pending while it is undecided, unexpired and its client exists.
 */
const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::float8`;
}

/**
 * Said so that no index of undecided requests matches: a plan that was made while the table was empty, where all indexes
 * cost the same, would read them all for each id.
 */
const isUndecided = `coalesce(r.decided_at, 'infinity') = 'infinity'`;

const isPending = `
  ${isUndecided} AND r.expires_at > clock.now
  AND EXISTS (SELECT 1 FROM token.client c WHERE c.uid = r.client_uid)`;

/** How many undecided requests there are of each `key` of `source`; counts no further than its limit. */
function countPending(key: 'address_hash' | 'client_uid', limit: string, source: string): string {
  return `
    SELECT k.${key},
           (SELECT count(*)
              FROM (SELECT 1 FROM token.authorization_request r CROSS JOIN clock
                     WHERE r.${key} = k.${key} AND r.decided_at IS NULL AND r.expires_at > clock.now
                     LIMIT k.most) AS counted) AS pending
      FROM (SELECT i.${key}, max(i.${limit}) AS most FROM ${source} i WHERE i.${key} IS NOT NULL GROUP BY 1) AS k`;
}

/**
 * Stores requests, each unless its client or its address has too many undecided ones, those before it in the batch
 * included. One that its address has too many of does not count against its client.
 */
export const insertRequests = `
  WITH ${clock},
  input AS MATERIALIZED (
    SELECT i.*, row_number() OVER (PARTITION BY i.address_hash ORDER BY i.n) AS nth_of_address
      FROM json_to_recordset($1::json) AS i(
        n int, id text, client_uid uuid, client_id text, parameters jsonb, parameters_hash text, browser_hash text,
        lifetime_ms float8, pending_limit int, address_hash text, address_limit int, stage text, interaction text)
     WHERE ${expectFew('i.n')}
  ),
  of_address AS (${countPending('address_hash', 'address_limit', 'input')}),
  admitted AS MATERIALIZED (
    SELECT i.*, row_number() OVER (PARTITION BY i.client_uid ORDER BY i.n) AS nth_of_client
      FROM input i LEFT JOIN of_address a ON a.address_hash = i.address_hash
     WHERE i.address_hash IS NULL OR a.pending + i.nth_of_address <= i.address_limit
  ),
  of_client AS (${countPending('client_uid', 'pending_limit', 'admitted')})
  INSERT INTO token.authorization_request
    (id, client_uid, client_id, parameters, parameters_hash, browser_hash, created_at, expires_at, address_hash,
     stage, stage_at, interaction)
  SELECT i.id, i.client_uid, i.client_id, i.parameters, i.parameters_hash, i.browser_hash, clock.now,
         clock.now + i.lifetime_ms * interval '1 millisecond', i.address_hash,
         i.stage, CASE WHEN i.stage IS NOT NULL THEN clock.now END, i.interaction
    FROM admitted i JOIN of_client c ON c.client_uid = i.client_uid CROSS JOIN clock
   WHERE c.pending + i.nth_of_client <= i.pending_limit
  RETURNING id`;

function findRequests(condition: string): string {
  return `
  WITH ${clock}
  SELECT k.n::int AS n, r.id, r.client_uid, r.client_id, r.parameters, r.parameters_hash, r.browser_hash,
         r.stage, ${milliseconds('r.stage_at')} AS stage_at, r.interaction, r.decided_at IS NOT NULL AS decided,
         ${milliseconds('r.created_at')} AS created_at, ${milliseconds('clock.now')} AS now
    FROM (SELECT * FROM unnest($1::text[]) WITH ORDINALITY AS k(id, n) WHERE ${expectFew('k.n')}) AS k
    JOIN token.authorization_request r ON r.id = k.id
    JOIN token.client c ON c.uid = r.client_uid
   CROSS JOIN clock
   WHERE r.expires_at > clock.now AND ${condition}`;
}

export const findPendingRequests = findRequests(isUndecided);

/** Also decided ones, until they expire. */
export const findInteractions = findRequests('r.stage IS NOT NULL');

/** Takes one step: who waited for the row's lock finds it elsewhere when the lock is released, and takes none. */
export const advanceInteraction = `
  WITH ${clock}
  UPDATE token.authorization_request r SET stage = $3, stage_at = clock.now, interaction = $4
    FROM clock
   WHERE r.id = $1 AND r.stage = $2 AND ${isPending}
  RETURNING r.id`;

/**
 * Spends the decision about a login: the request goes on to consent, and the session is used, begun, or begun anew under
 * its sid. A session that ended meanwhile is used by nobody.
 */
export const finishLogin = `
  WITH ${clock},
  input AS MATERIALIZED (
    SELECT * FROM json_to_record($3::json) AS i(
      kind text, sid text, extend_to_ms float8, cookie_hash text, subject text, auth_time bigint, acr text, amr text[],
      identity_provider_session_id text, lifetime_ms float8, ends_sid text)
  ),
  used AS (
    UPDATE token.login_session s
       SET expires_at = coalesce(clock.now + i.extend_to_ms * interval '1 millisecond', s.expires_at)
      FROM clock, input i
     WHERE i.kind = 'use' AND s.sid = i.sid AND s.ended_at IS NULL AND s.expires_at > clock.now
    RETURNING s.sid
  ),
  moved AS (
    UPDATE token.authorization_request r SET stage = 'consent', stage_at = clock.now, interaction = $2
      FROM clock, input i
     WHERE r.id = $1 AND r.stage = 'login-decided' AND ${isPending}
       AND (i.kind = 'begin' OR EXISTS (SELECT 1 FROM used))
    RETURNING r.id
  ),
  ended AS (
    UPDATE token.login_session s SET ended_at = clock.now
      FROM clock, input i, moved
     WHERE s.sid = i.ends_sid AND s.ended_at IS NULL
    RETURNING s.sid
  ),
  told AS (${messagesToClients('ended', '$4')}),
  begun AS (
    INSERT INTO token.login_session AS s
      (sid, cookie_hash, subject, auth_time, acr, amr, identity_provider_session_id, created_at, expires_at)
    SELECT i.sid, i.cookie_hash, i.subject, i.auth_time, i.acr, i.amr, i.identity_provider_session_id, clock.now,
           clock.now + i.lifetime_ms * interval '1 millisecond'
      FROM clock, input i, moved
     WHERE i.kind = 'begin'
    ON CONFLICT (sid) DO UPDATE
       SET cookie_hash = excluded.cookie_hash, auth_time = excluded.auth_time, acr = excluded.acr, amr = excluded.amr,
           identity_provider_session_id = excluded.identity_provider_session_id, expires_at = excluded.expires_at
     WHERE s.subject = excluded.subject AND s.ended_at IS NULL
  )
  SELECT ${milliseconds('clock.now')} AS now, EXISTS (SELECT 1 FROM moved) AS won FROM clock`;

/**
 * Burns pending requests and stores what each decision buys. Of equal ids the first ordinal plays, the others lose. Rows
 * are locked one by one in the order of their keys, which the input has, so two replicas cannot wait for each other; who waited for a row's lock finds it
 * decided when the lock is released, and gets nothing.
 */
export const completeRequests = `
  WITH ${clock},
  input AS MATERIALIZED (
    SELECT DISTINCT ON (i.id) i.* FROM json_to_recordset($1::json) AS i(
      n int, id text, family_bucket int, family_id text, client_uid uuid, client_id text, subject text, scopes text[], audience text[],
      session text, auth_time bigint, family_expires_at float8, sid text, consent_id text, subject_identifier text,
      consent json,
      code_bucket int, code_id text, redirect_uri text, redirect_uri_given boolean, code_challenge text,
      code_lifetime_ms float8,
      access_bucket int, access_id text, access_lifetime_ms float8, access_scopes text[], decision_id text,
      policy_revision bigint)
     WHERE ${expectFew('i.n')}
     ORDER BY i.id, i.n
  ),
  -- Shared with other requests, and excluding who ends the session: it waits, and then finds what was granted.
  live AS MATERIALIZED (
    SELECT s.sid
      FROM (SELECT DISTINCT i.sid FROM input i WHERE i.sid IS NOT NULL ORDER BY i.sid) AS k
     CROSS JOIN LATERAL (
             SELECT s.sid FROM token.login_session s CROSS JOIN clock
              WHERE s.sid = k.sid AND s.ended_at IS NULL AND s.expires_at > clock.now
                FOR SHARE OF s) AS s
  ),
  playing AS MATERIALIZED (
    SELECT i.* FROM input i WHERE i.sid IS NULL OR EXISTS (SELECT 1 FROM live WHERE live.sid = i.sid)
  ),
  locked AS MATERIALIZED (
    SELECT r.id
      FROM playing i
     CROSS JOIN LATERAL (
             SELECT r.id FROM token.authorization_request r
              WHERE r.id = i.id AND ${isUndecided}
                FOR UPDATE OF r) AS r
  ),
  burnt AS (
    UPDATE token.authorization_request r
       SET decided_at = clock.now, interaction = NULL,
           parameters = CASE WHEN r.stage IS NOT NULL THEN r.parameters END
      FROM locked l JOIN playing i ON i.id = l.id CROSS JOIN clock
     WHERE r.id = l.id AND r.client_uid = i.client_uid AND ${isPending}
       AND (r.stage IS NULL OR r.stage = 'consent-decided')
    RETURNING i.n, clock.now
  ),
  session_client AS (
    INSERT INTO token.login_session_client (sid, client_uid, client_id, subject_identifier)
    SELECT DISTINCT ON (i.sid, i.client_uid) i.sid, i.client_uid, i.client_id, i.subject_identifier
      FROM burnt b JOIN input i ON i.n = b.n
     WHERE i.sid IS NOT NULL
     ORDER BY i.sid, i.client_uid, i.n DESC
    ON CONFLICT (sid, client_uid) DO UPDATE SET subject_identifier = excluded.subject_identifier
  ),
  consent AS (
    INSERT INTO token.consent
      (id, subject, client_uid, client_id, sid, scopes, audience, remembered, remember_for, details, handled_at,
       expires_at)
    SELECT c.id, c.subject, i.client_uid, i.client_id, c.sid, c.scopes, c.audience, c.remembered, c.remember_for,
           c.details, b.now, b.now + c.lifetime_ms * interval '1 millisecond'
      FROM burnt b JOIN input i ON i.n = b.n CROSS JOIN json_to_record(i.consent) AS c(
        id text, subject text, sid text, scopes text[], audience text[], remembered boolean, remember_for bigint,
        details text, lifetime_ms float8)
     WHERE i.consent IS NOT NULL
  ),
  -- A consent that covers an older one takes its place; the older is listed as long as its grants may go on.
  superseded AS (
    UPDATE token.consent o
       SET remembered = false,
           expires_at = least(o.expires_at, to_timestamp(i.family_expires_at / 1000))
      FROM burnt b JOIN input i ON i.n = b.n CROSS JOIN json_to_record(i.consent) AS c(
        subject text, scopes text[], audience text[], remembered boolean)
     WHERE i.consent IS NOT NULL AND c.remembered AND o.subject = c.subject AND o.client_uid = i.client_uid
       AND o.remembered AND o.revoked_at IS NULL AND o.scopes <@ c.scopes AND o.audience <@ c.audience
  ),
  family AS (
    INSERT INTO token.family
      (bucket, id, client_uid, client_id, subject, scopes, audience, session, auth_time, sid, consent_id, created_at,
       expires_at)
    SELECT i.family_bucket, i.family_id, i.client_uid, i.client_id, i.subject, i.scopes, i.audience,
           i.session, i.auth_time, i.sid, i.consent_id, b.now, to_timestamp(i.family_expires_at / 1000)
      FROM burnt b JOIN input i ON i.n = b.n
  ),
  code AS (
    INSERT INTO token.authorization_code
      (bucket, id, family_bucket, family_id, redirect_uri, redirect_uri_given, code_challenge, issued_at, expires_at)
    SELECT i.code_bucket, i.code_id, i.family_bucket, i.family_id, i.redirect_uri, i.redirect_uri_given,
           i.code_challenge, b.now, b.now + i.code_lifetime_ms * interval '1 millisecond'
      FROM burnt b JOIN input i ON i.n = b.n
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
      FROM burnt b JOIN input i ON i.n = b.n
     WHERE i.access_id IS NOT NULL
  )
  SELECT ${milliseconds('clock.now')} AS now, ARRAY(SELECT n FROM burnt) AS won FROM clock`;

export const discardRequest = `
  WITH ${clock}
  UPDATE token.authorization_request r
     SET decided_at = clock.now, interaction = NULL,
         parameters = CASE WHEN r.stage IS NOT NULL THEN r.parameters END
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
