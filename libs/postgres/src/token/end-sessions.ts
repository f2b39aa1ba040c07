import { backchannelLogoutKind, type SessionClient, type WhichSessions } from '@castellan/oauth2';
import type pg from 'pg';

const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

// Locked in the order of their keys, so that two replicas cannot wait for each other.
const endLiveSessions = `
  WITH ${clock},
  locked AS MATERIALIZED (
    SELECT s.sid FROM token.login_session s, clock
     WHERE (s.sid = $1 OR s.subject = $2) AND s.ended_at IS NULL AND s.expires_at > clock.now
     ORDER BY s.sid FOR UPDATE OF s
  )
  UPDATE token.login_session s SET ended_at = clock.now
    FROM locked l, clock
   WHERE s.sid = l.sid AND s.ended_at IS NULL
  RETURNING s.sid`;

/**
 * The select of the messages that tell the clients of ended sessions, for an insert into the outbox: those that registered
 * a back-channel logout URI. `ended` names what has a column `sid`, `giveUpAfterMs` a parameter.
 */
export function messagesToClients(ended: string, giveUpAfterMs: string): string {
  return `
    INSERT INTO token.outbox (kind, target, payload, created_at, due_at, gives_up_at)
    SELECT '${backchannelLogoutKind}', c.id,
           jsonb_strip_nulls(jsonb_build_object(
             'client_uid', c.uid, 'subject', s.subject, 'sid', s.sid, 'sub', l.subject_identifier)),
           clock.now, clock.now, clock.now + ${giveUpAfterMs}::float8 * interval '1 millisecond'
      FROM clock, ${ended} e
      JOIN token.login_session s ON s.sid = e.sid
      JOIN token.login_session_client l ON l.sid = e.sid
      JOIN token.client c ON c.uid = l.client_uid
     WHERE c.settings #>> '{logout,backchannelLogoutUri}' IS NOT NULL
     ORDER BY l.sid, c.id`;
}

const tellClients = `
  WITH ${clock}, ended AS (SELECT unnest($1::text[]) AS sid)
  ${messagesToClients('ended', '$2')}`;

const revokeFamilies = `
  UPDATE token.family f SET revoked_at = token.castellan_now()
   WHERE f.sid = ANY($1::text[]) AND f.revoked_at IS NULL AND f.expires_at > token.castellan_now()
     AND ($2 OR NOT f.scopes && ARRAY['offline', 'offline_access'])`;

const clientsOf = `
  SELECT c.sid, c.client_uid, c.client_id, s.subject, c.subject_identifier
    FROM token.login_session_client c JOIN token.login_session s ON s.sid = c.sid
   WHERE c.sid = ANY($1::text[])
   ORDER BY c.sid, c.client_id`;

/** Something that runs statements: the pool, or one connection in a transaction. */
type Connection = Pick<pg.PoolClient, 'query'>;

/**
 * Ends live sessions in a transaction of the caller's, and leaves messages for their clients in the outbox. Of what was
 * granted in them it revokes nothing, what ends with the session (`online`: all without `offline`), or everything. Statements of
 * their own after the first: what was granted while that waited for the sessions is seen by them. Answers the `sid`s.
 */
export async function endSessions(
  connection: Connection,
  which: WhichSessions,
  { revoke, giveUpAfterMs }: { readonly revoke: 'none' | 'online' | 'all'; readonly giveUpAfterMs: number },
): Promise<readonly string[]> {
  const values = 'sid' in which ? [which.sid, null] : [null, which.subject];
  const { rows } = await connection.query<{ sid: string }>(endLiveSessions, values);
  const ended = rows.map(({ sid }) => sid);
  if (ended.length > 0) await connection.query(tellClients, [ended, giveUpAfterMs]);
  // A session that was over before is revoked too when it is named.
  const revoked = 'sid' in which ? [which.sid] : ended;
  if (revoke !== 'none') await connection.query(revokeFamilies, [revoked, revoke === 'all']);
  return ended;
}

/** The clients that got tokens in sessions, ended or live, by `sid` and client id. */
export async function clientsOfSessions(
  connection: Connection,
  sids: readonly string[],
): Promise<readonly SessionClient[]> {
  const { rows } = await connection.query<{
    sid: string;
    client_uid: string;
    client_id: string;
    subject: string;
    subject_identifier: string | null;
  }>(clientsOf, [sids]);
  return rows.map((row) => ({
    sid: row.sid,
    clientUid: row.client_uid,
    clientId: row.client_id,
    subject: row.subject,
    ...(row.subject_identifier !== null ? { subjectIdentifier: row.subject_identifier } : {}),
  }));
}
