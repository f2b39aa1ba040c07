import { randomUUID } from 'node:crypto';
import type { ClientSecretHash } from '../client.js';
import type { ClientStore, StoredClient } from '../client-store.js';

/** Clients in memory, and what the token stores beside it ask about them. */
export type MemoryClientStore = ClientStore & {
  /** The client of an immutable id, while it exists. */
  findByUid(uid: string): StoredClient | undefined;
};

/** A client store without a database, for tests. */
export function createMemoryClientStore(): MemoryClientStore {
  const rows = new Map<string, StoredClient>();

  function secretOf(secret: ClientSecretHash | undefined): { secret?: ClientSecretHash } {
    return secret === undefined ? {} : { secret };
  }

  return {
    async insert(client, secret) {
      if (rows.has(client.id)) return false;
      rows.set(client.id, { client, uid: randomUUID(), revision: 1, ...secretOf(secret) });
      return true;
    },
    async insertFirst(client, secret) {
      return rows.size === 0 && this.insert(client, secret);
    },
    async find(id) {
      return rows.get(id);
    },
    async list({ after, limit }) {
      const ids = [...rows.keys()].filter((id) => id > after).sort();
      const page = limit === 0 ? ids : ids.slice(0, limit);
      return page.flatMap((id) => rows.get(id) ?? []);
    },
    async update(client, secret) {
      const old = rows.get(client.id);
      if (old === undefined) return false;
      const kept = secret === 'keep' ? old.secret : secret === 'none' ? undefined : secret;
      rows.set(client.id, { client, uid: old.uid, revision: old.revision + 1, ...secretOf(kept) });
      return true;
    },
    async remove(id) {
      return rows.delete(id);
    },
    findByUid(uid) {
      return [...rows.values()].find((row) => row.uid === uid);
    },
  };
}
