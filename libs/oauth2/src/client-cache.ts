import type { ClientStore, StoredClient } from './client-store.js';

/**
 * Clients by id. A `cached` row may be older than the database's: use it only where the write that follows is guarded
 * by its revision (rulings 18). A `fresh` row was read after the call.
 */
export type ClientCache = {
  find(
    id: string,
    freshness: 'cached' | 'fresh',
  ): Promise<{ readonly stored: StoredClient | undefined; readonly fresh: boolean }>;
};

/** Keeps the rows of the clients used most recently, at most `maxEntries` of them. Absence is not kept. */
export function createClientCache(store: ClientStore, maxEntries = 10_000): ClientCache {
  const rows = new Map<string, StoredClient>();

  function keep(id: string, stored: StoredClient | undefined): void {
    rows.delete(id);
    if (stored === undefined) return;
    rows.set(id, stored);
    if (rows.size <= maxEntries) return;
    const oldest = rows.keys().next();
    if (oldest.done !== true) rows.delete(oldest.value);
  }

  return {
    async find(id, freshness) {
      const cached = freshness === 'cached' ? rows.get(id) : undefined;
      if (cached !== undefined) {
        keep(id, cached);
        return { stored: cached, fresh: false };
      }
      const stored = await store.find(id);
      keep(id, stored);
      return { stored, fresh: true };
    },
  };
}
