import type { LoginSession, LoginSessionStore, SessionClient, WhichSessions } from '@castellan/oauth2';
import type { Database } from '../database.js';

type Row = {
  sid: string;
  cookie_hash: string | null;
  subject: string;
  auth_time: number;
  acr: string | null;
  amr: string[];
  identity_provider_session_id: string | null;
  created_at: number;
  expires_at: number;
};

const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::float8`;
}

const columns = `s.sid, s.cookie_hash, s.subject, s.auth_time::float8 AS auth_time, s.acr, s.amr,
  s.identity_provider_session_id, ${milliseconds('s.created_at')} AS created_at,
  ${milliseconds('s.expires_at')} AS expires_at`;

const isLive = `s.ended_at IS NULL AND s.expires_at > clock.now`;

const findByCookie = `
  WITH ${clock} SELECT ${columns} FROM token.login_session s, clock WHERE s.cookie_hash = $1 AND ${isLive}`;
const findBySid = `
  WITH ${clock} SELECT ${columns} FROM token.login_session s, clock WHERE s.sid = $1 AND ${isLive}`;
const listOfSubject = `
  WITH ${clock} SELECT ${columns} FROM token.login_session s, clock
   WHERE s.subject = $1 AND s.sid > $2 AND ${isLive} ORDER BY s.sid LIMIT $3::int`;

// Locked in the order of their keys, so that two replicas cannot wait for each other.
const endSessions = `
  WITH ${clock},
  locked AS MATERIALIZED (
    SELECT s.sid FROM token.login_session s, clock
     WHERE (s.sid = $1 OR s.subject = $2) AND ${isLive} ORDER BY s.sid FOR UPDATE OF s
  )
  UPDATE token.login_session s SET ended_at = clock.now
    FROM locked l, clock
   WHERE s.sid = l.sid AND s.ended_at IS NULL
  RETURNING ${columns}`;

const revokeFamiliesOf = `
  UPDATE token.family f SET revoked_at = token.castellan_now()
   WHERE f.sid = ANY($1::text[]) AND f.revoked_at IS NULL AND f.expires_at > token.castellan_now()`;

const clientsOfSessions = `
  SELECT c.sid, c.client_uid, c.client_id, s.subject, c.subject_identifier
    FROM token.login_session_client c JOIN token.login_session s ON s.sid = c.sid
   WHERE c.sid = ANY($1::text[])
   ORDER BY c.sid, c.client_id`;

/** Rows that another sweeper holds are left to it. */
const sweepSessions = `
  WITH ${clock},
  over AS MATERIALIZED (
    SELECT s.sid FROM token.login_session s, clock
     WHERE s.expires_at <= clock.now OR s.ended_at <= clock.now - interval '1 day'
     LIMIT $1::int
       FOR UPDATE OF s SKIP LOCKED
  )
  DELETE FROM token.login_session WHERE sid IN (SELECT sid FROM over) RETURNING sid`;

/** Login sessions in PostgreSQL. */
export function createLoginSessionStore(database: Database): LoginSessionStore {
  return {
    async findByCookie(cookieHash) {
      const [row] = await database.query<Row>('token.login_session.find_by_cookie', findByCookie, [cookieHash]);
      return row === undefined ? undefined : toSession(row);
    },
    async find(sid) {
      const [row] = await database.query<Row>('token.login_session.find', findBySid, [sid]);
      return row === undefined ? undefined : toSession(row);
    },
    async list(subject, { after, limit }) {
      const rows = await database.query<Row>('token.login_session.list', listOfSubject, [subject, after, limit]);
      return rows.map(toSession);
    },
    end: (which, { revokeTokens }) =>
      database.transaction(async (client) => {
        const { rows } = await client.query<Row>(endSessions, whichValues(which));
        // A statement of its own: what was granted while this one waited for the sessions is seen by it.
        if (revokeTokens) await client.query(revokeFamiliesOf, [sidsOf(which, rows)]);
        return rows.map(toSession);
      }),
    async clientsOf(sids) {
      const rows = await database.query<{
        sid: string;
        client_uid: string;
        client_id: string;
        subject: string;
        subject_identifier: string | null;
      }>('token.login_session.clients', clientsOfSessions, [sids]);
      return rows.map((row) => ({
        sid: row.sid,
        clientUid: row.client_uid,
        clientId: row.client_id,
        subject: row.subject,
        ...(row.subject_identifier !== null ? { subjectIdentifier: row.subject_identifier } : {}),
      })) satisfies SessionClient[];
    },
    async sweep(limit) {
      return (await database.query('token.login_session.sweep', sweepSessions, [limit])).length;
    },
  };
}

function whichValues(which: WhichSessions): (string | null)[] {
  return 'sid' in which ? [which.sid, null] : [null, which.subject];
}

/** A session that was over before is revoked too when it is named. */
function sidsOf(which: WhichSessions, rows: readonly Row[]): readonly string[] {
  return 'sid' in which ? [which.sid] : rows.map(({ sid }) => sid);
}

function toSession(row: Row): LoginSession {
  return {
    sid: row.sid,
    subject: row.subject,
    authTime: row.auth_time,
    ...(row.acr !== null ? { acr: row.acr } : {}),
    amr: row.amr,
    ...(row.identity_provider_session_id !== null
      ? { identityProviderSessionId: row.identity_provider_session_id }
      : {}),
    remembered: row.cookie_hash !== null,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
