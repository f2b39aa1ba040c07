import { randomUUID } from 'node:crypto';
import type { ClientSecretHash } from '../client.js';
import type { ClientStore, StoredClient } from '../client-store.js';

/** Clients in memory, and what the token stores beside it ask about them. */
export type MemoryClientStore = ClientStore & {
  /** The client of an immutable id, while it exists. */
  findByUid(uid: string): StoredClient | undefined;
};

/** A client store without a database, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryClientStore(now: () => number = () => Date.now()): MemoryClientStore {
  const rows = new Map<string, StoredClient>();

  function secretOf(secret: ClientSecretHash | undefined): { secret?: ClientSecretHash } {
    return secret === undefined ? {} : { secret };
  }

  return {
    async insert(client, secret) {
      if (rows.has(client.id)) return false;
      const createdAt = now();
      rows.set(client.id, {
        client,
        uid: randomUUID(),
        revision: 1,
        createdAt,
        updatedAt: createdAt,
        ...secretOf(secret),
      });
      return true;
    },
    async insertFirst(client, secret) {
      return rows.size === 0 && this.insert(client, secret);
    },
    async find(id) {
      return rows.get(id);
    },
    async list({ after, limit, name, owner }) {
      const ids = [...rows]
        .filter(([id, { client }]) => {
          const named = name === undefined || client.name === name;
          return id > after && named && (owner === undefined || client.owner === owner);
        })
        .map(([id]) => id)
        .sort();
      const page = limit === 0 ? ids : ids.slice(0, limit);
      return page.flatMap((id) => rows.get(id) ?? []);
    },
    async update(client, secret, revision) {
      const old = rows.get(client.id);
      if (old === undefined || (revision !== undefined && old.revision !== revision)) return false;
      const kept = secret === 'keep' ? old.secret : secret === 'none' ? undefined : secret;
      const times =
        secret !== 'keep'
          ? {}
          : {
              ...(old.secretUse !== undefined ? { secretUse: old.secretUse } : {}),
              ...(old.previousSecret !== undefined ? { previousSecret: old.previousSecret } : {}),
            };
      rows.set(client.id, {
        client,
        uid: old.uid,
        revision: old.revision + 1,
        createdAt: old.createdAt,
        updatedAt: now(),
        ...secretOf(kept),
        ...times,
      });
      return true;
    },
    async rotateSecret(id, secret, { overlapMs, lifetimeMs }) {
      const old = rows.get(id);
      if (old?.secret === undefined) return false;
      const { previousSecret: _ended, secretUse, ...kept } = old;
      const expiresAt = Math.min(now() + overlapMs, secretUse?.expiresAt ?? Infinity);
      rows.set(id, {
        ...kept,
        revision: old.revision + 1,
        updatedAt: now(),
        secret,
        ...(lifetimeMs !== undefined ? { secretUse: { expiresAt: now() + lifetimeMs } } : {}),
        ...(overlapMs > 0 ? { previousSecret: { hash: old.secret, use: { ...secretUse, expiresAt } } } : {}),
      });
      return true;
    },
    async endPreviousSecret(id) {
      const old = rows.get(id);
      if (old === undefined) return false;
      const { previousSecret, ...kept } = old;
      if (previousSecret !== undefined) rows.set(id, { ...kept, revision: old.revision + 1, updatedAt: now() });
      return true;
    },
    async noteSecretUse(uid, slot) {
      for (const [id, row] of rows) {
        if (row.uid !== uid) continue;
        if (slot === 'current') rows.set(id, { ...row, secretUse: { ...row.secretUse, lastUsedAt: now() } });
        else if (row.previousSecret !== undefined) {
          const { hash, use } = row.previousSecret;
          rows.set(id, { ...row, previousSecret: { hash, use: { ...use, lastUsedAt: now() } } });
        }
      }
    },
    async replaceVerifier(uid, slot, { from, to }) {
      const same = (hash: ClientSecretHash | undefined) => hash?.kind === from.kind && hash.hash === from.hash;
      for (const [id, row] of rows) {
        if (row.uid !== uid) continue;
        if (slot === 'current' && same(row.secret)) return rows.set(id, { ...row, secret: to }).has(id);
        if (slot === 'previous' && row.previousSecret !== undefined && same(row.previousSecret.hash)) {
          return rows.set(id, { ...row, previousSecret: { ...row.previousSecret, hash: to } }).has(id);
        }
      }
      return false;
    },
    async remove(id) {
      return rows.delete(id);
    },
    findByUid(uid) {
      return [...rows.values()].find((row) => row.uid === uid);
    },
  };
}
