import type { ClientSecrets } from './client-secret.js';
import type { ClientStore, SecretSlot, StoredClient } from './client-store.js';

const noteAfterMs = 10 * 60_000;
const maxEntries = 10_000;

/**
 * Notes in the store which secrets are used, each at most every ten minutes, and gives those whose verifiers hang on an
 * older pepper one under the newest, without holding a request up. What fails is made up for at a later use. `now` in
 * milliseconds.
 */
export function createSecretUses(options: {
  readonly store: Pick<ClientStore, 'noteSecretUse' | 'replaceVerifier'>;
  readonly secrets: Pick<ClientSecrets, 'renew'>;
  readonly now: () => number;
}): (stored: StoredClient, slot: SecretSlot, secret: string) => void {
  const { store, secrets, now } = options;
  const notedAt = new Map<string, number>();

  return (stored, slot, secret) => {
    const { uid, revision } = stored;
    const name = `${uid} ${revision} ${slot}`;
    if (now() - (notedAt.get(name) ?? -Infinity) < noteAfterMs) return;
    notedAt.delete(name);
    notedAt.set(name, now());
    const oldest = notedAt.size > maxEntries ? notedAt.keys().next() : undefined;
    if (oldest !== undefined && oldest.done !== true) notedAt.delete(oldest.value);
    const renewal = secrets.renew(stored, slot, secret);
    const renewed = renewal === undefined ? undefined : store.replaceVerifier(uid, slot, renewal);
    Promise.all([store.noteSecretUse(uid, slot), renewed]).catch(() => notedAt.delete(name));
  };
}
