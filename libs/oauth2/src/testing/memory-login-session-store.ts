import type { SessionStep } from '../authorization/authorization-request-store.js';
import type { Grant } from '../grant.js';
import type {
  LoginSession,
  LoginSessionStore,
  SessionClient,
  WhichSessions,
} from '../interaction/login-session-store.js';
import { backchannelLogoutKind } from '../logout/backchannel-delivery.js';
import type { OutboxStore } from '../outbox/outbox-store.js';
import { grantsOfflineAccess } from '../scope.js';
import type { MemoryClientStore } from './memory-client-store.js';
import type { MemoryTokenStore } from './memory-token-store.js';

type Row = LoginSession & { readonly cookieHash?: string; endedAt?: number };

/** Login sessions in memory, with what the store of authorization requests does to them. */
export type MemoryLoginSessionStore = LoginSessionStore & {
  /** What the end of a login does; false when the session to use has ended. */
  take(step: SessionStep): boolean;
  /** Notes that a client got tokens in a session; false when the session has ended. */
  note(grant: Grant): boolean;
  /** Ends a session with what was granted in it without `offline`, and tells its clients. */
  endOnline(sid: string): Promise<void>;
};

/** A store of login sessions without a database, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryLoginSessionStore(options: {
  readonly tokens: MemoryTokenStore;
  readonly now: () => number;
  /** Where the clients of ended sessions are told, those that have a back-channel logout URI. */
  readonly backchannel?: { readonly clients: MemoryClientStore; readonly outbox: OutboxStore };
}): MemoryLoginSessionStore {
  const { tokens, now, backchannel } = options;
  const rows = new Map<string, Row>();
  const clients = new Map<string, SessionClient>();

  function live(row: Row | undefined): Row | undefined {
    return row !== undefined && row.endedAt === undefined && row.expiresAt > now() ? row : undefined;
  }

  function toSession({ cookieHash: _cookieHash, endedAt: _endedAt, ...session }: Row): LoginSession {
    return session;
  }

  function fits(row: Row, which: WhichSessions): boolean {
    return 'sid' in which ? row.sid === which.sid : row.subject === which.subject;
  }

  function begin({ session, endsSid }: Extract<SessionStep, { kind: 'begin' }>): void {
    const ends = endsSid === undefined ? undefined : rows.get(endsSid);
    if (ends !== undefined && ends.endedAt === undefined) {
      ends.endedAt = now();
      void tell([ends.sid]);
    }
    const before = rows.get(session.sid);
    if (before !== undefined && (before.subject !== session.subject || before.endedAt !== undefined)) return;
    const { lifetimeMs, ...kept } = session;
    const createdAt = before?.createdAt ?? now();
    const remembered = session.cookieHash !== undefined;
    rows.set(session.sid, { ...kept, remembered, createdAt, expiresAt: now() + lifetimeMs });
  }

  async function tell(sids: readonly string[]): Promise<void> {
    if (backchannel === undefined) return;
    for (const { sid, clientUid, subject, subjectIdentifier: sub } of clientsIn(sids)) {
      const client = backchannel.clients.findByUid(clientUid)?.client;
      if (client?.logout?.backchannelLogoutUri === undefined) continue;
      const payload = { client_uid: clientUid, subject, sid, ...(sub !== undefined ? { sub } : {}) };
      await backchannel.outbox.add([{ kind: backchannelLogoutKind, target: client.id, payload }], 86_400_000);
    }
  }

  function clientsIn(sids: readonly string[]): readonly SessionClient[] {
    const found = [...clients.values()].filter(({ sid }) => sids.includes(sid));
    return found.sort((a, b) => (`${a.sid} ${a.clientId}` < `${b.sid} ${b.clientId}` ? -1 : 1));
  }

  async function endLive(which: WhichSessions): Promise<readonly Row[]> {
    const ended = [...rows.values()].filter((row) => live(row) && fits(row, which));
    for (const row of ended) row.endedAt = now();
    await tell(ended.map(({ sid }) => sid));
    return ended;
  }

  return {
    async findByCookie(cookieHash) {
      const row = live([...rows.values()].find((each) => each.cookieHash === cookieHash));
      return row === undefined ? undefined : toSession(row);
    },
    async find(sid) {
      const row = live(rows.get(sid));
      return row === undefined ? undefined : toSession(row);
    },
    async list(subject, { after, limit }) {
      const found = [...rows.values()].filter((row) => live(row) && row.subject === subject && row.sid > after);
      return found
        .sort((a, b) => (a.sid < b.sid ? -1 : 1))
        .slice(0, limit)
        .map(toSession);
    },
    async end(which, { revokeTokens }) {
      const ended = await endLive(which);
      const sids = new Set('sid' in which ? [which.sid] : ended.map(({ sid }) => sid));
      if (revokeTokens) tokens.revokeWhere(({ sid }) => sid !== undefined && sids.has(sid));
      return ended.map(toSession);
    },
    async clientsOf(sids) {
      return clientsIn(sids);
    },
    async endOnline(sid) {
      await endLive({ sid });
      tokens.revokeWhere((grant) => grant.sid === sid && !grantsOfflineAccess(grant.scopes));
    },
    async sweep(limit) {
      const over = [...rows.values()].filter(
        (row) => row.expiresAt <= now() || (row.endedAt ?? now()) <= now() - 86_400_000,
      );
      for (const { sid } of over.slice(0, limit)) rows.delete(sid);
      return Math.min(over.length, limit);
    },
    take(step) {
      if (step.kind === 'begin') {
        begin(step);
        return true;
      }
      const row = live(rows.get(step.sid));
      if (row === undefined) return false;
      if (step.extendToMs !== undefined) rows.set(row.sid, { ...row, expiresAt: now() + step.extendToMs });
      return true;
    },
    note({ sid, clientUid, clientId, subjectIdentifier }) {
      if (sid === undefined) return true;
      const row = live(rows.get(sid));
      if (row === undefined) return false;
      clients.set(`${sid}/${clientUid}`, {
        sid,
        clientUid,
        clientId,
        subject: row.subject,
        ...(subjectIdentifier !== undefined ? { subjectIdentifier } : {}),
      });
      return true;
    },
  };
}
