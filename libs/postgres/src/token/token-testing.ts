import type { AuthorizationOutcome } from '@castellan/oauth2';
import type { Database } from '../database.js';
import type { PartitionKeeper } from '../partitions.js';

/** Stores what a decided authorization request buys, without the request. For tests of what comes after it. */
export async function storeOutcome(
  database: Database,
  keeper: PartitionKeeper,
  { family, code }: Pick<AuthorizationOutcome, 'family' | 'code'>,
): Promise<void> {
  const { grant } = family;
  await keeper.ensure('family', family.key.bucket);
  await database.pool.query(
    `INSERT INTO token.family (bucket, id, client_uid, client_id, subject, scopes, audience, access_token_extra,
       id_token_extra, auth_time, nonce, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, token.castellan_now(), to_timestamp($12::float8 / 1000))`,
    [
      family.key.bucket,
      family.key.id,
      grant.clientUid,
      grant.clientId,
      grant.subject,
      grant.scopes,
      grant.audience,
      grant.accessTokenExtra,
      grant.idTokenExtra,
      grant.authTime,
      grant.nonce,
      family.expiresAt,
    ],
  );
  if (code === undefined) return;
  await keeper.ensure('authorization_code', code.key.bucket);
  await database.pool.query(
    `INSERT INTO token.authorization_code (bucket, id, family_bucket, family_id, redirect_uri, redirect_uri_given,
       code_challenge, issued_at, expires_at)
     SELECT $1, $2, $3, $4, $5, $6, $7, now, now + $8::float8 * interval '1 millisecond'
       FROM (SELECT token.castellan_now() AS now) AS clock`,
    [
      code.key.bucket,
      code.key.id,
      family.key.bucket,
      family.key.id,
      code.redirectUri,
      code.redirectUriGiven,
      code.codeChallenge,
      code.lifetimeMs,
    ],
  );
}

/** Every row of the component's tables as text. */
export async function dumpTokenTables(database: Database): Promise<string> {
  const tables = ['client', 'family', 'authorization_code', 'access_token', 'refresh_token', 'authorization_request'];
  const dumps = await Promise.all(
    tables.map((table) => database.pool.query<{ line: string }>(`SELECT t::text AS line FROM token.${table} t`)),
  );
  return dumps.flatMap(({ rows }) => rows.map(({ line }) => line)).join('\n');
}
