/** The statements of logout requests. `clock` is the database clock, read once per statement. */
const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::float8`;
}

/** Stores a request unless its session has too many that wait; counts no further than that. */
export const insertLogoutRequest = `
  WITH ${clock},
  open AS (
    SELECT 1 FROM token.logout_request r CROSS JOIN clock
     WHERE r.sid = $3 AND r.stage IN ('asked', 'accepted') AND r.expires_at > clock.now
     LIMIT $12::int
  )
  INSERT INTO token.logout_request
    (id, browser_hash, sid, subject, rp_initiated, request_url, client_id, post_logout_redirect_uri, state, own_page,
     stage, requested_at, expires_at)
  SELECT $1, $2, $3, $4, $5::boolean, $6, $7, $8, $9, $10::boolean,
         'asked', clock.now, clock.now + $11::float8 * interval '1 millisecond'
    FROM clock
   WHERE (SELECT count(*) FROM open) < $12::int
  RETURNING id`;

export const findLogoutRequest = `
  WITH ${clock}
  SELECT r.id, r.browser_hash, r.sid, r.subject, r.rp_initiated, r.request_url, r.client_id,
         r.post_logout_redirect_uri, r.state, r.own_page, r.stage,
         ${milliseconds('r.requested_at')} AS requested_at, ${milliseconds('r.expires_at')} AS expires_at
    FROM token.logout_request r CROSS JOIN clock
   WHERE r.id = $1 AND r.expires_at > clock.now`;

/** Who waited for the row's lock finds it moved when the lock is released, and gets nothing. */
export const moveLogoutRequest = `
  WITH ${clock}
  UPDATE token.logout_request r SET stage = $3
    FROM clock
   WHERE r.id = $1 AND r.stage = $2 AND r.expires_at > clock.now
  RETURNING r.sid`;

/** Rows that another sweeper holds are left to it. */
export const sweepLogoutRequests = `
  WITH ${clock},
  over AS MATERIALIZED (
    SELECT r.id FROM token.logout_request r CROSS JOIN clock
     WHERE r.expires_at <= clock.now
     LIMIT $1::int
       FOR UPDATE OF r SKIP LOCKED
  )
  DELETE FROM token.logout_request WHERE id IN (SELECT id FROM over) RETURNING id`;
