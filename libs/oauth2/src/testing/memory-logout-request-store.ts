import type { LogoutRequest, LogoutRequestStore } from '../logout/logout-request-store.js';
import type { MemoryLoginSessionStore } from './memory-login-session-store.js';

/** Logout requests without a database, for tests. `now` is its clock, in milliseconds. */
export function createMemoryLogoutRequestStore(options: {
  readonly sessions: MemoryLoginSessionStore;
  readonly now: () => number;
}): LogoutRequestStore {
  const { sessions, now } = options;
  const rows = new Map<string, LogoutRequest>();

  const live = (id: string): LogoutRequest | undefined => {
    const row = rows.get(id);
    return row !== undefined && row.expiresAt > now() ? row : undefined;
  };
  const move = (id: string, from: LogoutRequest['stage'], to: LogoutRequest['stage']): LogoutRequest | undefined => {
    const row = live(id);
    if (row === undefined || row.stage !== from) return undefined;
    rows.set(id, { ...row, stage: to });
    return row;
  };

  return {
    async insert(request, { lifetimeMs, limit }) {
      const open = [...rows.keys()]
        .flatMap((id) => live(id) ?? [])
        .filter((row) => {
          return row.sid === request.sid && (row.stage === 'asked' || row.stage === 'accepted');
        });
      if (open.length >= limit) return false;
      rows.set(request.id, { ...request, stage: 'asked', requestedAt: now(), expiresAt: now() + lifetimeMs });
      return true;
    },
    find: async (id) => live(id),
    decide: async (id, decision) => (move(id, 'asked', decision) === undefined ? 'lost' : 'won'),
    async finish(id, { from }) {
      const spent = move(id, from, 'done');
      if (spent === undefined) return 'lost';
      await sessions.endOnline(spent.sid);
      return sessions.clientsOf([spent.sid]);
    },
    async sweep(limit) {
      const over = [...rows.values()].filter(({ expiresAt }) => expiresAt <= now()).slice(0, limit);
      for (const { id } of over) rows.delete(id);
      return over.length;
    },
  };
}
