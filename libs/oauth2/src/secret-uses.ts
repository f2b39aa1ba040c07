import type { ClientStore, SecretSlot, StoredClient } from './client-store.js';

const noteAfterMs = 10 * 60_000;
const maxEntries = 10_000;

/**
 * Notes in the store which secrets are used, each at most every ten minutes, without holding a request up. A note that
 * fails is made at the next use. `now` in milliseconds.
 */
export function createSecretUses(options: {
  readonly store: Pick<ClientStore, 'noteSecretUse'>;
  readonly now: () => number;
}): (stored: StoredClient, slot: SecretSlot) => void {
  const notedAt = new Map<string, number>();

  return ({ uid, revision }, slot) => {
    const name = `${uid} ${revision} ${slot}`;
    if (options.now() - (notedAt.get(name) ?? -Infinity) < noteAfterMs) return;
    notedAt.delete(name);
    notedAt.set(name, options.now());
    const oldest = notedAt.size > maxEntries ? notedAt.keys().next() : undefined;
    if (oldest !== undefined && oldest.done !== true) notedAt.delete(oldest.value);
    options.store.noteSecretUse(uid, slot).catch(() => notedAt.delete(name));
  };
}
