import type { Grant, NewFamily, RowKey } from '../grant.js';
import type {
  AuthorizationOutcome,
  NewAccessToken,
  NewAuthorizationCode,
  NewRefreshToken,
  SealedAnswer,
  TokenStore,
} from '../token/token-store.js';
import type { SubjectClaimsStore } from '../userinfo.js';
import type { MemoryClientStore } from './memory-client-store.js';

type FamilyRow = NewFamily & { revoked: boolean };
type CodeRow = NewAuthorizationCode & { family: FamilyRow; expiresAt: number; usedAt?: number };
type RefreshRow = { family: FamilyRow; key: RowKey; expiresAt: number; usedAt?: number; answer?: KeptAnswer };
type KeptAnswer = SealedAnswer & { readonly endsAt: number; readonly successor: RowKey };
type AccessRow = NewAccessToken & { issuedAt: number; expiresAt: number; revoked: boolean };

/** Tokens in memory, with what only tests need. */
export type MemoryTokenStore = TokenStore &
  SubjectClaimsStore & {
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

  function isOver(family: FamilyRow): boolean {
    return family.revoked || clients.findByUid(family.grant.clientUid) === undefined;
  }

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
    refreshTokens.set(nameOf(token.key), { key: token.key, family, expiresAt });
  }

  return {
    now,
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
      if (family !== undefined && families.get(nameOf(family))?.revoked !== false) return undefined;
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
      storeAccessToken(accessToken, row.family);
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
      storeAccessToken(accessToken, row.family);
      return 'won';
    },
    async sweepAnswers(limit) {
      const over = [...refreshTokens.values()].filter(({ answer }) => (answer?.endsAt ?? Infinity) <= now());
      for (const row of over.slice(0, limit)) delete row.answer;
      return Math.min(over.length, limit);
    },
    async revokeFamily(family) {
      const row = families.get(nameOf(family));
      if (row !== undefined) row.revoked = true;
    },
    async findSubjectClaims(key) {
      const row = families.get(nameOf(key));
      if (row === undefined || row.revoked) return undefined;
      return { claims: row.grant.idTokenExtra, requestedClaims: row.grant.userinfoClaims ?? [] };
    },
    async revokeGrants({ clientId, subject }) {
      const fits = (row: FamilyRow) =>
        !row.revoked &&
        row.expiresAt > now() &&
        (clientId === undefined || row.grant.clientId === clientId) &&
        (subject === undefined || row.grant.subject === subject);
      const ended = [...families.values()].filter(fits);
      for (const row of ended) row.revoked = true;
      if (clientId !== undefined && subject === undefined) {
        const uid = (await clients.find(clientId))?.uid;
        if (uid !== undefined) validAfter.set(uid, now());
      }
      return ended.length;
    },
    async revokeAccessToken(key) {
      const row = accessTokens.get(nameOf(key));
      if (row !== undefined) row.revoked = true;
    },
    storeOutcome({ family: newFamily, code, accessToken }) {
      const family = { ...newFamily, revoked: false };
      families.set(nameOf(family.key), family);
      if (code !== undefined) codes.set(nameOf(code.key), { ...code, family, expiresAt: now() + code.lifetimeMs });
      if (accessToken !== undefined) storeAccessToken(accessToken, family);
    },
    revokeWhere(fits) {
      const ended = [...families.values()].filter((row) => !row.revoked && row.expiresAt > now() && fits(row.grant));
      for (const row of ended) row.revoked = true;
      return ended.length;
    },
    dump() {
      return JSON.stringify([families, codes, refreshTokens, accessTokens].map((rows) => [...rows]));
    },
  };
}

function nameOf(key: RowKey): string {
  return `${key.bucket}/${key.id}`;
}
