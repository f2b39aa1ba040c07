import type { RegistrationStore } from '../registration/registration-store.js';
import type { MemoryClientStore } from './memory-client-store.js';

/** A store of registrations without a database, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryRegistrationStore(options: {
  readonly clients: MemoryClientStore;
  readonly now: () => number;
}): RegistrationStore {
  const { clients, now } = options;
  const initial = new Map<string, { uses: number; readonly expiresAt: number }>();
  const tokens = new Map<string, string>();

  return {
    async insertInitialToken({ hash, uses, lifetimeMs }) {
      initial.set(hash, { uses, expiresAt: now() + lifetimeMs });
    },
    async register({ client, secret, tokenHash, initialTokenHash }) {
      const payment = initialTokenHash === undefined ? undefined : initial.get(initialTokenHash);
      if (initialTokenHash !== undefined) {
        if (payment === undefined || payment.uses < 1 || payment.expiresAt <= now()) return 'spent';
      }
      if (payment !== undefined) payment.uses -= 1;
      if (!(await clients.insert(client, secret))) {
        if (payment !== undefined) payment.uses += 1;
        return 'id-taken';
      }
      tokens.set((await clients.find(client.id))?.uid ?? '', tokenHash);
      return 'stored';
    },
    async isRegistrationToken(clientUid, tokenHash) {
      return clients.findByUid(clientUid) !== undefined && tokens.get(clientUid) === tokenHash;
    },
    async replaceRegistrationToken(clientUid, oldHash, newHash) {
      if (clients.findByUid(clientUid) === undefined || tokens.get(clientUid) !== oldHash) return false;
      tokens.set(clientUid, newHash);
      return true;
    },
  };
}
