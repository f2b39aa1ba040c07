import {
  type InspectedToken,
  invalidReasons,
  type InvalidReason,
  type StatelessAccessToken,
  type TokenInspectionStore,
  type TokenType,
} from '@castellan/oauth2';
import type { Database } from '../database.js';

type Row = {
  client_id: string;
  subject: string;
  scopes: string[];
  audience: string[];
  issued_at: number;
  expires_at: number;
  decision_id: string | null;
  policy_revision: number | null;
  family_bucket: number | null;
  family_id: string | null;
  family_created_at: number | null;
  family_expires_at: number | null;
  family_revoked_at: number | null;
  family_scopes: string[] | null;
} & { readonly [reason in Exclude<InvalidReason, 'unknown'>]: boolean | null };

function milliseconds(expression: string): string {
  return `floor(extract(epoch FROM ${expression}) * 1000)::float8`;
}

const family = `
  f.expires_at <= clock.now AS family_expired, f.revoked_at IS NOT NULL AS family_revoked,
  f.bucket AS family_bucket, f.id AS family_id, f.scopes AS family_scopes,
  ${milliseconds('f.created_at')} AS family_created_at, ${milliseconds('f.expires_at')} AS family_expires_at,
  ${milliseconds('f.revoked_at')} AS family_revoked_at`;
const times = `${milliseconds('t.issued_at')} AS issued_at, ${milliseconds('t.expires_at')} AS expires_at,
  t.expires_at <= clock.now AS expired`;
const clock = `clock AS MATERIALIZED (SELECT token.castellan_now() AS now)`;

const ofFamily = (table: string) => `
  WITH ${clock}
  SELECT f.client_id, f.subject, f.scopes, f.audience, ${times}, t.used_at IS NOT NULL AS used, false AS revoked,
         c.uid IS NULL AS client_deleted, false AS client_revoked, NULL AS decision_id, NULL::float8 AS policy_revision,
         false AS family_gone, ${family}
    FROM token.${table} t
    JOIN token.family f ON f.bucket = t.family_bucket AND f.id = t.family_id
    LEFT JOIN token.client c ON c.uid = f.client_uid
   CROSS JOIN clock
   WHERE t.bucket = $1 AND t.id = $2`;

const statements: { readonly [type in TokenType]: string } = {
  refresh_token: ofFamily('refresh_token'),
  authorization_code: ofFamily('authorization_code'),
  access_token: `
  WITH ${clock}
  SELECT t.client_id, t.subject, t.scopes, t.audience, ${times}, false AS used, t.revoked_at IS NOT NULL AS revoked,
         c.uid IS NULL AS client_deleted, coalesce(t.issued_at <= c.tokens_valid_after, false) AS client_revoked,
         t.decision_id, t.policy_revision::float8 AS policy_revision, ${family},
         t.family_id IS NOT NULL AND f.id IS NULL AS family_gone
    FROM token.access_token t
    LEFT JOIN token.family f ON f.bucket = t.family_bucket AND f.id = t.family_id
    LEFT JOIN token.client c ON c.uid = t.client_uid
   CROSS JOIN clock
   WHERE t.bucket = $1 AND t.id = $2`,
};

const stateless = `
  WITH ${clock}
  SELECT $3::text AS client_id, coalesce(f.subject, $3::text) AS subject, '{}'::text[] AS scopes, '{}'::text[] AS audience,
         0 AS issued_at, 0 AS expires_at, NULL AS decision_id, NULL AS policy_revision, to_timestamp($6::float8 / 1000) <= clock.now AS expired,
         false AS used, EXISTS (SELECT FROM token.access_token a WHERE a.bucket = $1::int AND a.id = $2::text) AS revoked,
         c.uid IS NULL AS client_deleted, coalesce($5::bigint < c.tokens_valid_from_revision, false) AS client_revoked,
         ${family}, $7::int IS NOT NULL AND f.id IS NULL AS family_gone
    FROM clock
    LEFT JOIN token.client c ON c.uid = $4::uuid AND c.id = $3::text
    LEFT JOIN token.family f ON f.bucket = $7::int AND f.id = $8::text AND f.client_uid = $4::uuid`;

/** Looks at tokens in PostgreSQL, for operators: one statement per look. */
export function createTokenInspectionStore(database: Database): TokenInspectionStore {
  return {
    async inspect(type, key) {
      const name = `token.${type}.inspect`;
      const [row] = await database.query<Row>(name, statements[type], [key.bucket, key.id]);
      return row === undefined ? undefined : toInspected(row);
    },

    async inspectStateless(token) {
      const rows = await database.query<Row>('token.stateless.inspect', stateless, valuesOf(token));
      const [row] = rows;
      if (row === undefined) throw new Error('the clock has one row');
      const { scopes, audience, issuedAt, expiresAt, decision } = token;
      return {
        ...toInspected(row),
        scopes,
        audience,
        issuedAt,
        expiresAt,
        ...(decision !== undefined ? { decision } : {}),
      };
    },
  };
}

function valuesOf({
  key,
  clientId,
  clientUid,
  clientRevision,
  expiresAt,
  family: of,
}: StatelessAccessToken): unknown[] {
  return [key.bucket, key.id, clientId, clientUid, clientRevision, expiresAt, of?.bucket ?? null, of?.id ?? null];
}

function toInspected(row: Row): InspectedToken {
  const { family_bucket: bucket, family_id: id, family_revoked_at: revokedAt } = row;
  const isFamily = bucket !== null && id !== null;
  return {
    clientId: row.client_id,
    subject: row.subject,
    scopes: row.scopes,
    audience: row.audience,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    reasons: invalidReasons.filter((reason) => reason !== 'unknown' && row[reason] === true),
    ...(isFamily
      ? {
          family: {
            key: { bucket, id },
            createdAt: row.family_created_at ?? 0,
            expiresAt: row.family_expires_at ?? 0,
            ...(revokedAt !== null ? { revokedAt } : {}),
            scopes: row.family_scopes ?? [],
          },
        }
      : {}),
    ...(row.decision_id !== null && row.policy_revision !== null
      ? { decision: { id: row.decision_id, revision: row.policy_revision } }
      : {}),
  };
}
