import type { Grant, NewFamily, RowKey } from '../grant.js';
import type {
  ActiveAccessToken,
  AuthorizationOutcome,
  NewAccessToken,
  NewAuthorizationCode,
  NewRefreshToken,
  SealedAnswer,
  TokenStore,
} from '../token/token-store.js';
import { nameOf, type StatelessAccessToken, type StatelessTokenStore } from '../token/stateless-token.js';
import {
  type InspectedToken,
  type InvalidReason,
  invalidReasons,
  type TokenInspectionStore,
} from '../token/token-inspection.js';
import type { SubjectClaimsStore } from '../userinfo.js';
import type { MemoryClientStore } from './memory-client-store.js';

type FamilyRow = NewFamily & { createdAt: number; revokedAt?: number };
type CodeRow = NewAuthorizationCode & { family: FamilyRow; issuedAt: number; expiresAt: number; usedAt?: number };
type RefreshRow = {
  family: FamilyRow;
  key: RowKey;
  issuedAt: number;
  expiresAt: number;
  usedAt?: number;
  answer?: KeptAnswer;
};
type KeptAnswer = SealedAnswer & { readonly endsAt: number; readonly successor: RowKey };
type AccessRow = NewAccessToken & { issuedAt: number; expiresAt: number; revoked: boolean };

/** Tokens in memory, with what only tests need. */
export type MemoryTokenStore = TokenStore &
  SubjectClaimsStore & {
    /** Looks at the tokens. */
    readonly inspection: TokenInspectionStore;
    /** Tokens without a row, over the same grants. */
    readonly statelessTokens: StatelessTokenStore;
    /** Stores what a decided authorization request buys. */
    storeOutcome(outcome: AuthorizationOutcome): void;
    /** Revokes the grants that fit; answers how many were live. */
    revokeWhere(fits: (grant: Grant) => boolean): number;
    /** Everything that is stored, as text. */
    dump(): string;
  };

/** A token store without a database, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryTokenStore(options: {
  readonly clients: MemoryClientStore;
  readonly now: () => number;
}): MemoryTokenStore {
  const { clients, now } = options;
  const families = new Map<string, FamilyRow>();
  const codes = new Map<string, CodeRow>();
  const refreshTokens = new Map<string, RefreshRow>();
  const accessTokens = new Map<string, AccessRow>();
  /** By client: what it got for itself before is over. */
  const validAfter = new Map<string, number>();
  /** By client: the first revision whose tokens without a row count. */
  const validFromRevision = new Map<string, number>();
  const revokedStateless = new Set<string>();

  function isOver(family: FamilyRow): boolean {
    return family.revokedAt !== undefined || clients.findByUid(family.grant.clientUid) === undefined;
  }

  function isOverFamily(key: RowKey): boolean {
    const row = families.get(nameOf(key));
    return row === undefined || row.revokedAt !== undefined;
  }

  function inspected(
    token: Omit<InspectedToken, 'reasons' | 'family'>,
    clientUid: string,
    family: FamilyRow | undefined,
    found: Partial<Record<InvalidReason, boolean>>,
  ): InspectedToken {
    const reasons: Partial<Record<InvalidReason, boolean>> = {
      expired: token.expiresAt <= now(),
      family_expired: family !== undefined && family.expiresAt <= now(),
      family_revoked: family?.revokedAt !== undefined,
      client_deleted: clients.findByUid(clientUid) === undefined,
      ...found,
    };
    return {
      ...token,
      reasons: invalidReasons.filter((reason) => reasons[reason] === true),
      ...(family !== undefined
        ? {
            family: {
              ...{ key: family.key, createdAt: family.createdAt, expiresAt: family.expiresAt },
              ...(family.revokedAt !== undefined ? { revokedAt: family.revokedAt } : {}),
              scopes: family.grant.scopes,
            },
          }
        : {}),
    };
  }

  const inspection: TokenInspectionStore = {
    async inspect(type, key) {
      const row = { access_token: undefined, refresh_token: refreshTokens, authorization_code: codes }[type]?.get(
        nameOf(key),
      );
      if (row !== undefined) {
        const { clientId, clientUid, subject, scopes, audience } = row.family.grant;
        const token = { clientId, subject, scopes, audience, issuedAt: row.issuedAt, expiresAt: row.expiresAt };
        return inspected(token, clientUid, row.family, { used: row.usedAt !== undefined });
      }
      const access = type === 'access_token' ? accessTokens.get(nameOf(key)) : undefined;
      if (access === undefined) return undefined;
      const { grant, issuedAt, expiresAt, decision } = access;
      const { clientId, clientUid, subject, scopes, audience } = grant;
      const family = access.family === undefined ? undefined : families.get(nameOf(access.family));
      return inspected(
        { clientId, subject, scopes, audience, issuedAt, expiresAt, ...(decision !== undefined ? { decision } : {}) },
        clientUid,
        family,
        {
          revoked: access.revoked,
          family_gone: access.family !== undefined && family === undefined,
          client_revoked: issuedAt <= (validAfter.get(clientUid) ?? -Infinity),
        },
      );
    },
    async inspectStateless(token) {
      const { key, clientId, clientUid, scopes, audience, issuedAt, expiresAt, decision } = token;
      const found = token.family === undefined ? undefined : families.get(nameOf(token.family));
      const family = found?.grant.clientUid === clientUid ? found : undefined;
      return inspected(
        {
          ...{ clientId, subject: family?.grant.subject ?? clientId, scopes, audience, issuedAt, expiresAt },
          ...(decision !== undefined ? { decision } : {}),
        },
        clientUid,
        family,
        {
          revoked: revokedStateless.has(nameOf(key)),
          family_gone: token.family !== undefined && family === undefined,
          client_revoked: token.clientRevision < (validFromRevision.get(clientUid) ?? 0),
        },
      );
    },
  };

  function stateOf(row: CodeRow | RefreshRow): 'live' | 'used' | 'expired' | 'revoked' {
    if (row.usedAt !== undefined) return 'used';
    if (isOver(row.family)) return 'revoked';
    return row.expiresAt > now() && row.family.expiresAt > now() ? 'live' : 'expired';
  }

  function storeAccessToken(token: NewAccessToken, family?: FamilyRow): void {
    const expiresAt = Math.min(now() + token.lifetimeMs, family?.expiresAt ?? Infinity);
    accessTokens.set(nameOf(token.key), { ...token, issuedAt: now(), expiresAt, revoked: false });
  }

  function storeRefreshToken(token: NewRefreshToken, family: FamilyRow): void {
    const expiresAt = Math.min(now() + token.lifetimeMs, family.expiresAt);
    refreshTokens.set(nameOf(token.key), { key: token.key, family, issuedAt: now(), expiresAt });
  }

  function findGrant(token: StatelessAccessToken): ActiveAccessToken | undefined {
    const { key, clientId, clientUid, clientRevision, scopes, audience, issuedAt, expiresAt, decision } = token;
    const family = token.family === undefined ? undefined : families.get(nameOf(token.family));
    if (expiresAt <= now() || revokedStateless.has(nameOf(key))) return undefined;
    if (clients.findByUid(clientUid)?.client.id !== clientId) return undefined;
    if (clientRevision < (validFromRevision.get(clientUid) ?? 0)) return undefined;
    if (
      token.family !== undefined &&
      (family === undefined || family.revokedAt !== undefined || family.grant.clientUid !== clientUid)
    )
      return undefined;
    const { subject = clientId, accessTokenExtra = {} } = family?.grant ?? {};
    return {
      grant: { clientId, clientUid, subject, scopes, audience, accessTokenExtra },
      ...(family !== undefined ? { family: family.key } : {}),
      issuedAt,
      expiresAt,
      ...(decision !== undefined ? { decision } : {}),
    };
  }

  return {
    now,
    inspection,
    statelessTokens: {
      findGrant: async (token) => findGrant(token),
      async revoke({ key }) {
        revokedStateless.add(nameOf(key));
      },
    },
    async insertClientAccessToken(token, clientRevision) {
      if (clients.findByUid(token.grant.clientUid)?.revision !== clientRevision) return false;
      storeAccessToken(token);
      return true;
    },
    async findActiveAccessToken(key) {
      const row = accessTokens.get(nameOf(key));
      if (row === undefined || row.revoked || row.expiresAt <= now()) return undefined;
      if (clients.findByUid(row.grant.clientUid) === undefined) return undefined;
      if (row.issuedAt <= (validAfter.get(row.grant.clientUid) ?? -Infinity)) return undefined;
      const { grant, family, issuedAt, expiresAt, decision } = row;
      if (family !== undefined && isOverFamily(family)) return undefined;
      return {
        grant,
        ...(family !== undefined ? { family } : {}),
        issuedAt,
        expiresAt,
        ...(decision !== undefined ? { decision } : {}),
      };
    },
    async findAuthorizationCode(key) {
      const row = codes.get(nameOf(key));
      if (row === undefined) return undefined;
      const { family, redirectUri, redirectUriGiven, codeChallenge, usedAt } = row;
      return {
        key,
        family: family.key,
        familyExpiresAt: family.expiresAt,
        grant: family.grant,
        redirectUri,
        redirectUriGiven,
        ...(codeChallenge !== undefined ? { codeChallenge } : {}),
        state: stateOf(row),
        ...(usedAt !== undefined ? { usedAgoMs: now() - usedAt } : {}),
      };
    },
    async consumeAuthorizationCode({ code, accessToken, refreshToken }) {
      const row = codes.get(nameOf(code));
      if (row === undefined || stateOf(row) !== 'live') return 'lost';
      row.usedAt = now();
      if (accessToken !== undefined) storeAccessToken(accessToken, row.family);
      if (refreshToken !== undefined) storeRefreshToken(refreshToken, row.family);
      return 'won';
    },
    async burnAuthorizationCode(code) {
      const row = codes.get(nameOf(code));
      if (row !== undefined) row.usedAt ??= now();
    },
    async findRefreshToken(key) {
      const row = refreshTokens.get(nameOf(key));
      if (row === undefined) return undefined;
      const { family, usedAt, answer } = row;
      const kept =
        usedAt !== undefined &&
        answer !== undefined &&
        answer.endsAt > now() &&
        !isOver(family) &&
        refreshTokens.get(nameOf(answer.successor))?.usedAt === undefined;
      return {
        key,
        family: family.key,
        familyExpiresAt: family.expiresAt,
        issuedAt: row.issuedAt,
        expiresAt: row.expiresAt,
        grant: family.grant,
        state: stateOf(row),
        ...(kept
          ? {
              answer: {
                sealed: answer.sealed,
                parametersHash: answer.parametersHash,
                usedAgoMs: now() - usedAt,
              },
            }
          : {}),
      };
    },
    async rotateRefreshToken({ refreshToken, successor, accessToken, answer }) {
      const row = refreshTokens.get(nameOf(refreshToken));
      if (row === undefined || stateOf(row) !== 'live') return 'lost';
      row.usedAt = now();
      if (answer !== undefined) {
        const { sealed, parametersHash, windowMs } = answer;
        row.answer = { sealed, parametersHash, endsAt: now() + windowMs, successor: successor.key };
      }
      storeRefreshToken(successor, row.family);
      if (accessToken !== undefined) storeAccessToken(accessToken, row.family);
      return 'won';
    },
    async sweepAnswers(limit) {
      const over = [...refreshTokens.values()].filter(({ answer }) => (answer?.endsAt ?? Infinity) <= now());
      for (const row of over.slice(0, limit)) delete row.answer;
      return Math.min(over.length, limit);
    },
    async revokeFamily(family) {
      const row = families.get(nameOf(family));
      if (row !== undefined) row.revokedAt ??= now();
    },
    async findSubjectClaims(key) {
      const row = families.get(nameOf(key));
      if (row === undefined || row.revokedAt !== undefined) return undefined;
      const { idTokenExtra, userinfoClaims, subjectIdentifier } = row.grant;
      return {
        claims: idTokenExtra,
        requestedClaims: userinfoClaims ?? [],
        ...(subjectIdentifier !== undefined ? { subjectIdentifier } : {}),
      };
    },
    async revokeGrants({ clientId, subject }) {
      const fits = (row: FamilyRow) =>
        row.revokedAt === undefined &&
        row.expiresAt > now() &&
        (clientId === undefined || row.grant.clientId === clientId) &&
        (subject === undefined || row.grant.subject === subject);
      const ended = [...families.values()].filter(fits);
      for (const row of ended) row.revokedAt = now();
      if (clientId !== undefined && subject === undefined) {
        const client = await clients.find(clientId);
        if (client !== undefined) {
          validAfter.set(client.uid, now());
          validFromRevision.set(client.uid, client.revision + 1);
          await clients.update(client.client, 'keep');
        }
      }
      return ended.length;
    },
    async revokeAccessToken(key) {
      const row = accessTokens.get(nameOf(key));
      if (row !== undefined) row.revoked = true;
    },
    storeOutcome({ family: newFamily, code, accessToken }) {
      const family: FamilyRow = { ...newFamily, createdAt: now() };
      families.set(nameOf(family.key), family);
      if (code !== undefined)
        codes.set(nameOf(code.key), { ...code, family, issuedAt: now(), expiresAt: now() + code.lifetimeMs });
      if (accessToken !== undefined) storeAccessToken(accessToken, family);
    },
    revokeWhere(fits) {
      const ended = [...families.values()].filter(
        (row) => row.revokedAt === undefined && row.expiresAt > now() && fits(row.grant),
      );
      for (const row of ended) row.revokedAt = now();
      return ended.length;
    },
    dump() {
      return JSON.stringify([families, codes, refreshTokens, accessTokens].map((rows) => [...rows]));
    },
  };
}
