import type { AuthorizationOutcome, AuthorizationRequestStore, SessionSeal, StoredParameters } from '@castellan/oauth2';
import type { Database } from '../database.js';
import type { PartitionKeeper } from '../partitions.js';
import * as statements from './authorization-request-statements.js';
import { insertIntoPartitions, type PartitionName } from './token-partitions.js';

type PendingRow = {
  id: string;
  client_uid: string;
  client_id: string;
  parameters: StoredParameters;
  parameters_hash: string;
  browser_hash: string;
  created_at: number;
  now: number;
};

/**
 * Authorization requests in PostgreSQL; `keeper` makes partitions that are missing for what a decision buys, and what it
 * says about people is sealed by `sessions`.
 */
export function createAuthorizationRequestStore(
  database: Database,
  keeper: PartitionKeeper,
  sessions: SessionSeal,
): AuthorizationRequestStore {
  return {
    async insert(request, pendingLimit) {
      const rows = await database.query('token.authorization_request.insert', statements.insertRequest, [
        request.id,
        request.clientUid,
        request.clientId,
        JSON.stringify(request.parameters),
        request.parametersHash,
        request.browserHash,
        request.lifetimeMs,
        pendingLimit,
      ]);
      return rows.length === 1;
    },

    async findPending(id) {
      const [row] = await database.query<PendingRow>(
        'token.authorization_request.find',
        statements.findPendingRequest,
        [id],
      );
      if (row === undefined) return undefined;
      database.observeClock(new Date(row.now));
      return {
        id: row.id,
        clientUid: row.client_uid,
        clientId: row.client_id,
        parameters: row.parameters,
        parametersHash: row.parameters_hash,
        browserHash: row.browser_hash,
        createdAt: row.created_at,
      };
    },

    async complete(id, outcome) {
      const input = JSON.stringify(toInput(outcome, sessions));
      const [row] = await insertIntoPartitions(
        keeper,
        () => partitionsOf(outcome),
        () =>
          database.query<{ now: number; won: boolean }>(
            'token.authorization_request.complete',
            statements.completeRequest,
            [id, input],
          ),
      );
      if (row !== undefined) database.observeClock(new Date(row.now));
      return row?.won === true ? 'won' : 'lost';
    },

    async discard(id) {
      const rows = await database.query('token.authorization_request.discard', statements.discardRequest, [id]);
      return rows.length === 1 ? 'won' : 'lost';
    },

    async sweep(limit) {
      const rows = await database.query('token.authorization_request.sweep', statements.sweepRequests, [limit]);
      return rows.length;
    },
  };
}

function toInput({ family, code, accessToken }: AuthorizationOutcome, sessions: SessionSeal) {
  const { grant } = family;
  return {
    family_bucket: family.key.bucket,
    family_id: family.key.id,
    client_uid: grant.clientUid,
    client_id: grant.clientId,
    subject: grant.subject,
    scopes: grant.scopes,
    audience: grant.audience,
    session: sessions.seal(grant, family.key),
    auth_time: grant.authTime,
    family_expires_at: family.expiresAt,
    code_bucket: code?.key.bucket,
    code_id: code?.key.id,
    redirect_uri: code?.redirectUri,
    redirect_uri_given: code?.redirectUriGiven,
    code_challenge: code?.codeChallenge,
    code_lifetime_ms: code?.lifetimeMs,
    access_bucket: accessToken?.key.bucket,
    access_id: accessToken?.key.id,
    access_lifetime_ms: accessToken?.lifetimeMs,
    access_scopes: accessToken?.grant.scopes,
    decision_id: accessToken?.decision?.id,
    policy_revision: accessToken?.decision?.revision,
  };
}

function partitionsOf({ family, code, accessToken }: AuthorizationOutcome): readonly PartitionName[] {
  return [
    { table: 'family', bucket: family.key.bucket },
    ...(code !== undefined ? [{ table: 'authorization_code', bucket: code.key.bucket }] : []),
    ...(accessToken !== undefined ? [{ table: 'access_token', bucket: accessToken.key.bucket }] : []),
  ];
}
