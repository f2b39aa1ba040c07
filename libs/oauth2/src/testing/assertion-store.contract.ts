import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AssertionStore } from '../client-assertion.js';

/** One store, the same data through another replica, and their clock. */
export type AssertionStoreHarness = {
  readonly assertions: AssertionStore;
  readonly replica: AssertionStore;
  now(): number;
  advanceClock(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

/** What every store of used assertions does. */
export function assertionStoreContract(name: string, open: () => Promise<AssertionStoreHarness>): void {
  describe(`assertion store contract: ${name}`, () => {
    let harness: AssertionStoreHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const use = (changes: { clientUid?: string; jti?: string } = {}) => ({
      clientUid: randomUUID(),
      jti: 'j',
      expiresAt: harness.now() + 60_000,
      ...changes,
    });

    it('takes an assertion once, on every replica', async () => {
      const once = use();
      expect(await harness.assertions.burn(once)).toBe(true);
      expect(await harness.assertions.burn(once)).toBe(false);
      expect(await harness.replica.burn(once)).toBe(false);
    });

    it('takes one of 64 that come at the same time, half of them elsewhere (CA-15)', async () => {
      const once = use();
      const burns = await Promise.all(
        Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? harness.assertions : harness.replica).burn(once)),
      );
      expect(burns.filter(Boolean)).toHaveLength(1);
    });

    it('takes the same jti from another client (CA-17)', async () => {
      expect(await harness.assertions.burn(use())).toBe(true);
      expect(await harness.assertions.burn(use())).toBe(true);
    });

    it('forgets what is over, and nothing before', async () => {
      const once = use();
      await harness.assertions.burn(once);
      expect(await harness.assertions.sweep(10)).toBe(0);
      expect(await harness.assertions.burn(once)).toBe(false);
      await harness.advanceClock(60_001);
      expect(await harness.assertions.sweep(10)).toBe(1);
    });
  });
}
