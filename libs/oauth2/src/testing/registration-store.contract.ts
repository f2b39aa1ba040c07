import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientStore } from '../client-store.js';
import type { RegistrationStore } from '../registration/registration-store.js';
import { sampleClient } from './sample-client.js';

/** One store, and the clients beside it. */
export type RegistrationStoreHarness = {
  readonly clients: ClientStore;
  readonly registrations: RegistrationStore;
  advanceClock(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

/** What every store of registrations does. */
export function registrationStoreContract(name: string, open: () => Promise<RegistrationStoreHarness>): void {
  describe(`registration store contract: ${name}`, () => {
    let harness: RegistrationStoreHarness;
    let registrations: RegistrationStore;

    beforeEach(async () => {
      harness = await open();
      ({ registrations } = harness);
    });
    afterEach(() => harness.close());

    const register = (id: string, initialTokenHash?: string) =>
      registrations.register({
        client: sampleClient({ id }),
        secret: { kind: 'hmac', hash: 'verifier' },
        tokenHash: `hash of ${id}`,
        ...(initialTokenHash !== undefined ? { initialTokenHash } : {}),
      });
    const uidOf = async (id: string) => (await harness.clients.find(id))?.uid ?? '';

    it('stores a client with its secret and its registration access token', async () => {
      expect(await register('a')).toBe('stored');
      expect((await harness.clients.find('a'))?.secret).toEqual({ kind: 'hmac', hash: 'verifier' });
      expect(await registrations.isRegistrationToken(await uidOf('a'), 'hash of a')).toBe(true);
      expect(await registrations.isRegistrationToken(await uidOf('a'), 'hash of b')).toBe(false);
    });

    it('stores nothing under an id that is taken, and spends nothing on it', async () => {
      await registrations.insertInitialToken({ hash: 'initial', uses: 1, lifetimeMs: 60_000 });
      await register('a');
      expect(await register('a', 'initial')).toBe('id-taken');
      expect(await register('b', 'initial')).toBe('stored');
    });

    it('lets an initial access token pay for as many registrations as it has uses, however many come at once', async () => {
      await registrations.insertInitialToken({ hash: 'initial', uses: 3, lifetimeMs: 60_000 });
      const outcomes = await Promise.all(Array.from({ length: 10 }, (_, index) => register(`c${index}`, 'initial')));
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(3);
      expect(await harness.clients.list({ after: '', limit: 0 })).toHaveLength(3);
    });

    it('takes no initial access token that is unknown or expired', async () => {
      await registrations.insertInitialToken({ hash: 'initial', uses: 3, lifetimeMs: 60_000 });
      expect(await register('a', 'unknown')).toBe('spent');
      await harness.advanceClock(60_001);
      expect(await register('a', 'initial')).toBe('spent');
      expect(await harness.clients.find('a')).toBeUndefined();
    });

    it('exchanges a registration access token once', async () => {
      await register('a');
      const uid = await uidOf('a');
      expect(await registrations.replaceRegistrationToken(uid, 'hash of a', 'next')).toBe(true);
      expect(await registrations.replaceRegistrationToken(uid, 'hash of a', 'other')).toBe(false);
      expect(await registrations.isRegistrationToken(uid, 'hash of a')).toBe(false);
      expect(await registrations.isRegistrationToken(uid, 'next')).toBe(true);
    });

    it('forgets the registration access token with its client', async () => {
      await register('a');
      const uid = await uidOf('a');
      await harness.clients.remove('a');
      expect(await registrations.isRegistrationToken(uid, 'hash of a')).toBe(false);
    });
  });
}
