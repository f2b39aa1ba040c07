import { beforeAll, describe, expect, it } from 'vitest';
import type { BurnOutcome } from '../token/token-store.js';
import type { TokenFixture } from './token-fixture.js';

/** Simultaneous uses of single-use things, in one batch and over two replicas. */
export function describeTokenRaces(fixture: () => TokenFixture, rounds: number): void {
  describe('simultaneous uses', () => {
    let harness: TokenFixture;
    beforeAll(() => {
      harness = fixture();
    });

    it('of one code, 64 inside one batch: exactly one wins', async () => {
      const code = await harness.makeCode();
      const attempts = await Promise.all(Array.from({ length: 64 }, () => harness.redeem(harness.tokens, code)));
      expect(wins(attempts)).toBe(1);
      const active = await Promise.all(attempts.map(({ accessToken }) => harness.isActive(accessToken.key)));
      expect(active.filter(Boolean)).toHaveLength(1);
    });

    it('of one refresh token, 64 inside one batch: exactly one wins', async () => {
      const code = await harness.makeCode();
      const { refreshToken } = await harness.redeem(harness.tokens, code);
      const attempts = await Promise.all(
        Array.from({ length: 64 }, () => harness.rotate(harness.tokens, code.family, refreshToken.key)),
      );
      expect(wins(attempts)).toBe(1);
    });

    it(`of codes, 64 over two replicas, ${rounds} rounds: exactly one wins in each`, { timeout: 60_000 }, async () => {
      for (let round = 0; round < rounds; round++) {
        const code = await harness.makeCode();
        const attempts = await Promise.all(
          Array.from({ length: 64 }, (_, index) =>
            harness.redeem(index % 2 === 0 ? harness.tokens : harness.replica, code),
          ),
        );
        expect(wins(attempts)).toBe(1);
      }
    });

    it(
      `of refresh tokens, 64 over two replicas, ${rounds} rounds: exactly one wins in each`,
      { timeout: 60_000 },
      async () => {
        const code = await harness.makeCode();
        let current = (await harness.redeem(harness.tokens, code)).refreshToken.key;
        for (let round = 0; round < rounds; round++) {
          const attempts = await Promise.all(
            Array.from({ length: 64 }, (_, index) =>
              harness.rotate(index % 2 === 0 ? harness.tokens : harness.replica, code.family, current),
            ),
          );
          expect(wins(attempts)).toBe(1);
          current = attempts.find(({ outcome }) => outcome === 'won')?.refreshToken.key ?? current;
        }
      },
    );

    it('of one refresh token, 64 over two replicas: the losers find the answer of the winner', async () => {
      const code = await harness.makeCode();
      const { refreshToken } = await harness.redeem(harness.tokens, code);
      const attempts = await Promise.all(
        Array.from({ length: 64 }, async (_, index) => {
          const store = index % 2 === 0 ? harness.tokens : harness.replica;
          const attempt = await harness.rotate(store, code.family, refreshToken.key, 10_000);
          return { ...attempt, answer: (await store.findRefreshToken(refreshToken.key))?.answer };
        }),
      );
      const winner = attempts.find(({ outcome }) => outcome === 'won');
      for (const { answer } of attempts) expect(answer?.sealed).toBe(`sealed-${winner?.refreshToken.key.id}`);
    });

    it('of different codes in one batch all win, each its own', async () => {
      const codes = await Promise.all(Array.from({ length: 20 }, () => harness.makeCode()));
      const attempts = await Promise.all(codes.map((code) => harness.redeem(harness.tokens, code)));
      expect(wins(attempts)).toBe(20);
      const families = await Promise.all(
        attempts.map(async ({ accessToken }) => (await harness.replica.findActiveAccessToken(accessToken.key))?.family),
      );
      expect(families).toEqual(codes.map(({ family }) => family.key));
    });

    it('of crossing sets of codes on two replicas do not wait for each other', async () => {
      const codes = await Promise.all(Array.from({ length: 30 }, () => harness.makeCode()));
      const attempts = await Promise.all([
        ...codes.map((code) => harness.redeem(harness.tokens, code)),
        ...[...codes].reverse().map((code) => harness.redeem(harness.replica, code)),
      ]);
      expect(wins(attempts)).toBe(30);
    });

    it('revocation against refresh: nothing is active when both have returned', async () => {
      for (let round = 0; round < 100; round++) {
        const code = await harness.makeCode();
        const first = await harness.redeem(harness.tokens, code);
        const [second] = await Promise.all([
          harness.rotate(harness.tokens, code.family, first.refreshToken.key),
          harness.replica.revokeFamily(code.family.key),
        ]);
        expect(await harness.isActive(first.accessToken.key)).toBe(false);
        expect(await harness.isActive(second.accessToken.key)).toBe(false);
        const next = await harness.rotate(harness.tokens, code.family, second.refreshToken.key);
        expect(next.outcome).toBe('lost');
      }
    });
  });
}

function wins(attempts: readonly { readonly outcome: BurnOutcome }[]): number {
  return attempts.filter(({ outcome }) => outcome === 'won').length;
}
