import type { AssertionStore } from '../client-assertion.js';

/** Used assertions in memory, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryAssertionStore(now: () => number): AssertionStore {
  const used = new Map<string, number>();
  return {
    async burn({ clientUid, jti, expiresAt }) {
      const name = `${clientUid} ${jti}`;
      if (used.has(name)) return false;
      used.set(name, expiresAt);
      return true;
    },
    async sweep(limit) {
      const over = [...used].filter(([, expiresAt]) => expiresAt <= now()).slice(0, limit);
      for (const [name] of over) used.delete(name);
      return over.length;
    },
  };
}
