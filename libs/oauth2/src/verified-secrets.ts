import { createHmac } from 'node:crypto';
import type { SecretSlot, StoredClient } from './client-store.js';

const maxAgeMs = 5 * 60_000;
const maxEntries = 10_000;

/**
 * Remembers in this process which secrets a slow hash accepted, so that a busy client pays it once in five minutes. Only
 * successes are kept, under an HMAC over the client's immutable id, its revision and the secret: any write of the client
 * forgets them. Never shared, never stored.
 */
export function createVerifiedSecrets(options: { readonly key: Buffer; readonly now: () => number }) {
  const acceptedAt = new Map<string, number>();
  const running = new Map<string, Promise<boolean>>();

  function remember(name: string): void {
    acceptedAt.delete(name);
    acceptedAt.set(name, options.now());
    if (acceptedAt.size <= maxEntries) return;
    const oldest = acceptedAt.keys().next();
    if (oldest.done !== true) acceptedAt.delete(oldest.value);
  }

  return {
    /** Whether the secret was accepted lately, else what `verify` says; equal checks at the same time share one. */
    async check(
      stored: StoredClient,
      slot: SecretSlot,
      secret: string,
      verify: () => Promise<boolean>,
    ): Promise<boolean> {
      const name = createHmac('sha256', options.key)
        .update(`${stored.uid}\0${stored.revision}\0${slot}\0${secret}`)
        .digest('base64url');
      const at = acceptedAt.get(name);
      if (at !== undefined && options.now() - at < maxAgeMs) return true;
      const shared = running.get(name);
      if (shared !== undefined) return shared;
      const verification = verify().finally(() => running.delete(name));
      running.set(name, verification);
      const accepted = await verification;
      if (accepted) remember(name);
      return accepted;
    },
  };
}
