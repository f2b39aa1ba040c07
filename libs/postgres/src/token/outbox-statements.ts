/** The statements of the outbox. `clock` is the database clock, read once per statement. */
const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::float8`;
}

export const addMessages = `
  WITH ${clock}
  INSERT INTO token.outbox (kind, target, payload, created_at, due_at, gives_up_at)
  SELECT m.kind, m.target, m.payload, clock.now, clock.now, clock.now + $2::float8 * interval '1 millisecond'
    FROM clock
   CROSS JOIN ROWS FROM (json_to_recordset($1::json) AS (kind text, target text, payload jsonb))
              WITH ORDINALITY AS m(kind, target, payload, n)
   ORDER BY m.n`;

/**
 * A leased row is one whose due time was moved on: nobody sees it until the lease is over. Of each target the longest due
 * is taken, out of the thousand that are due longest; what another replica is leasing at this moment is skipped.
 */
export const leaseMessages = `
  WITH ${clock},
  due AS (
    SELECT o.id, o.target, o.due_at FROM token.outbox o CROSS JOIN clock
     WHERE o.dead_at IS NULL AND o.due_at <= clock.now AND o.kind = ANY($1::text[]) AND o.target <> ALL($2::text[])
     ORDER BY o.due_at, o.id
     LIMIT 1000
  ),
  first AS (SELECT DISTINCT ON (target) id FROM due ORDER BY target, due_at, id),
  taken AS MATERIALIZED (
    SELECT o.id FROM token.outbox o CROSS JOIN clock
     WHERE o.id IN (SELECT id FROM first) AND o.dead_at IS NULL AND o.due_at <= clock.now
     ORDER BY o.due_at, o.id
     LIMIT $3::int
       FOR UPDATE OF o SKIP LOCKED
  )
  UPDATE token.outbox o
     SET lease = gen_random_uuid(), attempts = o.attempts + 1,
         due_at = clock.now + $4::float8 * interval '1 millisecond'
    FROM taken, clock
   WHERE o.id = taken.id
  RETURNING o.id::text AS id, o.lease::text AS lease, o.kind, o.target, o.payload, o.attempts`;

export const settleMessage = `
  DELETE FROM token.outbox
   WHERE id = $1::bigint AND lease = $2::uuid AND due_at > token.castellan_now() AND dead_at IS NULL
  RETURNING id`;

export const postponeMessage = `
  WITH ${clock}
  UPDATE token.outbox o
     SET lease = NULL, problem = $4,
         due_at = least(clock.now + $3::float8 * interval '1 millisecond', o.gives_up_at),
         dead_at = CASE WHEN clock.now >= o.gives_up_at THEN clock.now END
    FROM clock
   WHERE o.id = $1::bigint AND o.lease = $2::uuid AND o.due_at > clock.now AND o.dead_at IS NULL
  RETURNING o.dead_at IS NOT NULL AS dead`;

export const listMessages = `
  SELECT o.id::text AS id, o.kind, o.target, o.payload, o.attempts, o.problem,
         ${milliseconds('o.created_at')} AS created_at, ${milliseconds('o.due_at')} AS due_at,
         ${milliseconds('o.gives_up_at')} AS gives_up_at, ${milliseconds('o.dead_at')} AS dead_at
    FROM token.outbox o
   WHERE o.kind = ANY($1::text[]) AND o.id > $3::bigint
     AND ($2::text IS NULL OR ($2 = 'dead') = (o.dead_at IS NOT NULL))
   ORDER BY o.id
   LIMIT $4::int`;

export const retryMessage = `
  WITH ${clock}
  UPDATE token.outbox o
     SET lease = NULL, dead_at = NULL, due_at = clock.now,
         gives_up_at = clock.now + $3::float8 * interval '1 millisecond'
    FROM clock
   WHERE o.kind = ANY($1::text[]) AND o.id = $2::bigint
  RETURNING o.id`;

export const discardMessage = `
  DELETE FROM token.outbox WHERE kind = ANY($1::text[]) AND id = $2::bigint RETURNING id`;

export const countMessages = `
  SELECT o.kind, o.dead_at IS NOT NULL AS dead, count(*)::int AS messages,
         extract(epoch FROM token.castellan_now() - min(o.created_at))::float8 * 1000 AS oldest_ms
    FROM token.outbox o
   GROUP BY 1, 2`;

export const sweepMessages = `
  WITH ${clock},
  over AS MATERIALIZED (
    SELECT o.id FROM token.outbox o CROSS JOIN clock
     WHERE o.dead_at <= clock.now - $1::float8 * interval '1 millisecond'
     LIMIT $2::int
       FOR UPDATE OF o SKIP LOCKED
  )
  DELETE FROM token.outbox WHERE id IN (SELECT id FROM over) RETURNING id`;
