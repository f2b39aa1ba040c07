import type { LogoutRequest, LogoutRequestStore, LogoutStage } from '@castellan/oauth2';
import type { Database } from '../database.js';
import { clientsOfSessions, endSessions } from './end-sessions.js';
import * as statements from './logout-request-statements.js';

type Row = {
  id: string;
  browser_hash: string;
  sid: string;
  subject: string;
  rp_initiated: boolean;
  request_url: string;
  client_id: string | null;
  post_logout_redirect_uri: string | null;
  state: string | null;
  own_page: boolean;
  stage: LogoutStage;
  requested_at: number;
  expires_at: number;
};

/** Logout requests in PostgreSQL. */
export function createLogoutRequestStore(database: Database): LogoutRequestStore {
  return {
    async insert(request, { lifetimeMs, limit }) {
      const rows = await database.query('token.logout_request.insert', statements.insertLogoutRequest, [
        request.id,
        request.browserHash,
        request.sid,
        request.subject,
        request.rpInitiated,
        request.requestUrl,
        request.clientId ?? null,
        request.postLogoutRedirectUri ?? null,
        request.state ?? null,
        request.ownPage,
        lifetimeMs,
        limit,
      ]);
      return rows.length === 1;
    },

    async find(id) {
      const [row] = await database.query<Row>('token.logout_request.find', statements.findLogoutRequest, [id]);
      return row === undefined ? undefined : toRequest(row);
    },

    async decide(id, decision) {
      const rows = await database.query('token.logout_request.decide', statements.moveLogoutRequest, [
        id,
        'asked',
        decision,
      ]);
      return rows.length === 1 ? 'won' : 'lost';
    },

    finish: (id, { from, giveUpAfterMs }) =>
      database.transaction(async (client) => {
        const { rows } = await client.query<{ sid: string }>(statements.moveLogoutRequest, [id, from, 'done']);
        const [spent] = rows;
        if (spent === undefined) return 'lost';
        await endSessions(client, { sid: spent.sid }, { revoke: 'online', giveUpAfterMs });
        return clientsOfSessions(client, [spent.sid]);
      }),

    async sweep(limit) {
      return (await database.query('token.logout_request.sweep', statements.sweepLogoutRequests, [limit])).length;
    },
  };
}

function toRequest(row: Row): LogoutRequest {
  return {
    id: row.id,
    browserHash: row.browser_hash,
    sid: row.sid,
    subject: row.subject,
    rpInitiated: row.rp_initiated,
    requestUrl: row.request_url,
    ...(row.client_id !== null ? { clientId: row.client_id } : {}),
    ...(row.post_logout_redirect_uri !== null ? { postLogoutRedirectUri: row.post_logout_redirect_uri } : {}),
    ...(row.state !== null ? { state: row.state } : {}),
    ownPage: row.own_page,
    stage: row.stage,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
  };
}
