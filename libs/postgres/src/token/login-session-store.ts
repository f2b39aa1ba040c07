import type { LoginSession, LoginSessionStore } from '@castellan/oauth2';
import type { Database } from '../database.js';
import { clientsOfSessions, endSessions } from './end-sessions.js';
import { defaultGiveUpAfterMs } from './outbox-store.js';

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
  WITH ${clock} SELECT ${columns}, ${milliseconds('clock.now')} AS now
    FROM token.login_session s, clock WHERE s.cookie_hash = $1 AND ${isLive}`;
const findBySid = `
  WITH ${clock} SELECT ${columns} FROM token.login_session s, clock WHERE s.sid = $1 AND ${isLive}`;
const listOfSubject = `
  WITH ${clock} SELECT ${columns} FROM token.login_session s, clock
   WHERE s.subject = $1 AND s.sid > $2 AND ${isLive} ORDER BY s.sid LIMIT $3::int`;

const findEnded = `
  SELECT ${columns} FROM token.login_session s WHERE s.sid = ANY($1::text[]) ORDER BY s.sid`;

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

/**
 * Login sessions in PostgreSQL. Their clients are told of their end through the outbox, for so many milliseconds.
 */
export function createLoginSessionStore(database: Database, giveUpAfterMs = defaultGiveUpAfterMs): LoginSessionStore {
  return {
    async findByCookie(cookieHash) {
      const found = 'token.login_session.find_by_cookie';
      const [row] = await database.query<Row & { now: number }>(found, findByCookie, [cookieHash]);
      // How old its login is, is judged by the clock that dated it (rulings 15).
      if (row !== undefined) database.observeClock(new Date(row.now));
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
        const ended = await endSessions(client, which, { revoke: revokeTokens ? 'all' : 'none', giveUpAfterMs });
        return (await client.query<Row>(findEnded, [ended])).rows.map(toSession);
      }),
    clientsOf: (sids) => clientsOfSessions(database.pool, sids),
    async sweep(limit) {
      return (await database.query('token.login_session.sweep', sweepSessions, [limit])).length;
    },
  };
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
