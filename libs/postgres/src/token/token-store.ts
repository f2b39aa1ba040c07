import type {
  ActiveAccessToken,
  BurnOutcome,
  Grant,
  JsonObject,
  NewAccessToken,
  NewRefreshToken,
  RowKey,
  SealedAnswer,
  SessionSeal,
  StoredAuthorizationCode,
  StoredRefreshToken,
  TokenStore,
} from '@castellan/oauth2';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';
import type { PartitionKeeper } from '../partitions.js';
import { insertIntoPartitions, type PartitionName } from './token-partitions.js';
import { type SessionColumns, sessionOf } from './session-columns.js';
import * as statements from './token-statements.js';

type Numbered = { n: number; now: number };
type GrantColumns = {
  client_uid: string;
  client_id: string;
  subject: string;
  scopes: string[];
  audience: string[];
};
type AccessTokenRow = Numbered &
  GrantColumns & {
    extra: JsonObject;
    family_bucket: number | null;
    family_id: string | null;
    session: string | null;
    decision_id: string | null;
    policy_revision: number | null;
    issued_at: number;
    expires_at: number;
  };
type FamilyRow = Numbered &
  GrantColumns &
  SessionColumns & {
    bucket: number;
    id: string;
    family_bucket: number;
    family_id: string;
    family_expires_at: number;
    sid: string | null;
    consent_id: string | null;
    auth_time: number | null;
    state: 'live' | 'used' | 'expired' | 'revoked';
  };
type CodeRow = FamilyRow & {
  redirect_uri: string;
  redirect_uri_given: boolean;
  code_challenge: string | null;
  used_ago_ms: number | null;
};
type RefreshRow = FamilyRow & {
  issued_at: number;
  expires_at: number;
  sealed: string | null;
  parameters_hash: string | null;
  used_ago_ms: number | null;
};
type Burn = {
  readonly key: RowKey;
  readonly accessToken?: NewAccessToken;
  readonly refreshToken?: NewRefreshToken;
  readonly answer?: SealedAnswer & { readonly windowMs: number };
};

/**
 * Tokens in PostgreSQL. Concurrent calls of one kind share one statement; `keeper` makes partitions that are missing,
 * `sessions` opens what grants say about people.
 */
export function createTokenStore(database: Database, keeper: PartitionKeeper, sessions: SessionSeal): TokenStore {
  function observe(now: number | undefined): void {
    if (now !== undefined) database.observeClock(new Date(now));
  }

  function finder<Row extends Numbered, Answer>(name: string, text: string, toAnswer: (row: Row) => Answer) {
    return createBatcher<RowKey, Answer | undefined>({
      async run(keys) {
        const rows = await database.query<Row>(name, text, [keys.map((key) => key.bucket), keys.map((key) => key.id)]);
        observe(rows[0]?.now);
        const answers = new Map(rows.map((row) => [row.n, toAnswer(row)]));
        return keys.map((_, index) => answers.get(index + 1));
      },
    });
  }

  function burner(name: string, text: string) {
    return createBatcher<Burn, BurnOutcome>({
      async run(burns) {
        const input = JSON.stringify(burns.map(toBurnInput));
        const [row] = await insertIntoPartitions(
          keeper,
          () => burns.flatMap(partitionsOf),
          () => database.query<{ now: number; won: number[] }>(name, text, [input]),
        );
        observe(row?.now);
        const won = new Set(row?.won);
        return burns.map((_, index) => (won.has(index) ? 'won' : 'lost'));
      },
    });
  }

  const insertAccessToken = createBatcher<{ token: NewAccessToken; revision: number }, boolean>({
    async run(items) {
      const input = JSON.stringify(items.map(toInsertInput));
      const [row] = await insertIntoPartitions(
        keeper,
        () => items.map(({ token }) => ({ table: 'access_token', bucket: token.key.bucket })),
        () =>
          database.query<{ now: number; ids: string[] }>(
            'token.access_token.insert',
            statements.insertClientAccessTokens,
            [input],
          ),
      );
      observe(row?.now);
      const stored = new Set(row?.ids);
      return items.map(({ token }) => stored.has(token.key.id));
    },
  });

  const consume = burner('token.authorization_code.consume', statements.consumeAuthorizationCodes);
  const rotate = burner('token.refresh_token.rotate', statements.rotateRefreshTokens);

  async function mark(name: string, text: string, key: RowKey): Promise<void> {
    await database.query(name, text, [key.bucket, key.id]);
  }

  return {
    now: () => database.now(),
    insertClientAccessToken: (token, revision) => insertAccessToken({ token, revision }),
    findActiveAccessToken: finder('token.access_token.find', statements.findActiveAccessTokens, (row: AccessTokenRow) =>
      toActiveAccessToken(row, sessions),
    ),
    findAuthorizationCode: finder('token.authorization_code.find', statements.findAuthorizationCodes, (row: CodeRow) =>
      toCode(row, sessions),
    ),
    findRefreshToken: finder('token.refresh_token.find', statements.findRefreshTokens, (row: RefreshRow) =>
      toRefreshToken(row, sessions),
    ),
    consumeAuthorizationCode: ({ code, accessToken, refreshToken }) =>
      consume({
        key: code,
        ...(accessToken !== undefined ? { accessToken } : {}),
        ...(refreshToken !== undefined ? { refreshToken } : {}),
      }),
    rotateRefreshToken: ({ refreshToken, successor, accessToken, answer }) =>
      rotate({
        key: refreshToken,
        ...(accessToken !== undefined ? { accessToken } : {}),
        refreshToken: successor,
        ...(answer !== undefined ? { answer } : {}),
      }),
    async sweepAnswers(limit) {
      return (await database.query('token.refresh_answer.sweep', statements.sweepAnswers, [limit])).length;
    },
    burnAuthorizationCode: (key) => mark('token.authorization_code.burn', statements.burnAuthorizationCode, key),
    revokeFamily: (key) => mark('token.family.revoke', statements.revokeFamily, key),
    async revokeGrants({ clientId, subject }) {
      if (clientId === undefined && subject === undefined) {
        throw new Error('it must be said which grants are revoked');
      }
      const values = [clientId ?? null, subject ?? null];
      const rows = await database.query<{ ended: number }>('token.family.revoke_all', statements.revokeGrants, values);
      return rows[0]?.ended ?? 0;
    },
    revokeAccessToken: (key) => mark('token.access_token.revoke', statements.revokeAccessToken, key),
  };
}

function toInsertInput({ token, revision }: { token: NewAccessToken; revision: number }, n: number) {
  const { key, grant, lifetimeMs, decision } = token;
  return {
    n,
    bucket: key.bucket,
    id: key.id,
    client_uid: grant.clientUid,
    client_revision: revision,
    client_id: grant.clientId,
    subject: grant.subject,
    scopes: grant.scopes,
    audience: grant.audience,
    extra: grant.accessTokenExtra,
    lifetime_ms: lifetimeMs,
    decision_id: decision?.id,
    policy_revision: decision?.revision,
  };
}

function toBurnInput({ key, accessToken, refreshToken, answer }: Burn, n: number) {
  return {
    n,
    bucket: key.bucket,
    id: key.id,
    access_bucket: accessToken?.key.bucket,
    access_id: accessToken?.key.id,
    scopes: accessToken?.grant.scopes,
    audience: accessToken?.grant.audience,
    access_lifetime_ms: accessToken?.lifetimeMs,
    refresh_bucket: refreshToken?.key.bucket,
    refresh_id: refreshToken?.key.id,
    refresh_lifetime_ms: refreshToken?.lifetimeMs,
    sealed: answer?.sealed,
    parameters_hash: answer?.parametersHash,
    window_ms: answer?.windowMs,
    decision_id: accessToken?.decision?.id,
    policy_revision: accessToken?.decision?.revision,
  };
}

function partitionsOf({ accessToken, refreshToken }: Burn): readonly PartitionName[] {
  return [
    ...(accessToken !== undefined ? [{ table: 'access_token', bucket: accessToken.key.bucket }] : []),
    ...(refreshToken !== undefined ? [{ table: 'refresh_token', bucket: refreshToken.key.bucket }] : []),
  ];
}

function toActiveAccessToken(row: AccessTokenRow, sessions: SessionSeal): ActiveAccessToken {
  const family =
    row.family_bucket !== null && row.family_id !== null ? { bucket: row.family_bucket, id: row.family_id } : undefined;
  return {
    grant: {
      clientId: row.client_id,
      clientUid: row.client_uid,
      subject: row.subject,
      scopes: row.scopes,
      audience: row.audience,
      accessTokenExtra:
        family !== undefined && row.session !== null ? sessions.open(row.session, family).accessTokenExtra : row.extra,
    },
    ...(family !== undefined ? { family } : {}),
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    ...(row.decision_id !== null && row.policy_revision !== null
      ? { decision: { id: row.decision_id, revision: row.policy_revision } }
      : {}),
  };
}

function toGrant(row: FamilyRow, sessions: SessionSeal): Grant {
  return {
    clientId: row.client_id,
    clientUid: row.client_uid,
    subject: row.subject,
    scopes: row.scopes,
    audience: row.audience,
    ...(row.auth_time !== null ? { authTime: row.auth_time } : {}),
    ...sessionOf(row, { bucket: row.family_bucket, id: row.family_id }, sessions),
    ...(row.sid !== null ? { sid: row.sid } : {}),
    ...(row.consent_id !== null ? { consentId: row.consent_id } : {}),
  };
}

function toRefreshToken(row: RefreshRow, sessions: SessionSeal): StoredRefreshToken {
  const { sealed, parameters_hash: parametersHash, used_ago_ms: usedAgoMs } = row;
  const kept = sealed !== null && parametersHash !== null && usedAgoMs !== null;
  const { issued_at: issuedAt, expires_at: expiresAt } = row;
  const times = { issuedAt, expiresAt };
  return {
    ...toFamilyMember(row, sessions),
    ...times,
    ...(kept ? { answer: { sealed, parametersHash, usedAgoMs } } : {}),
  };
}

function toFamilyMember(row: FamilyRow, sessions: SessionSeal) {
  return {
    key: { bucket: row.bucket, id: row.id },
    family: { bucket: row.family_bucket, id: row.family_id },
    familyExpiresAt: row.family_expires_at,
    grant: toGrant(row, sessions),
    state: row.state,
  };
}

function toCode(row: CodeRow, sessions: SessionSeal): StoredAuthorizationCode {
  return {
    ...toFamilyMember(row, sessions),
    redirectUri: row.redirect_uri,
    redirectUriGiven: row.redirect_uri_given,
    ...(row.code_challenge !== null ? { codeChallenge: row.code_challenge } : {}),
    ...(row.used_ago_ms !== null ? { usedAgoMs: row.used_ago_ms } : {}),
  };
}
