import { describe, expect, it } from 'vitest';
import type { AuthorizationOutcome } from '../token/token-store.js';
import { dayMs, type InteractionFixtures } from '../testing/interaction-fixtures.js';

/** What every store of consents must do. */
export function consentStoreContract({
  harness,
  client,
  nextSerial,
  registerClient,
  outcomeOf,
  newConsent,
  grant,
  isActive,
}: InteractionFixtures): void {
  describe('consents', () => {
    it('are remembered for subject and client, newest first, and for nobody else', async () => {
      await grant({ scopes: ['openid'] });
      await grant({ scopes: ['photos'], audience: ['urn:photos'] });
      const found = await harness().consents.findRemembered('alice', client().uid);
      expect(found.map(({ scopes }) => scopes)).toEqual([['photos'], ['openid']]);
      expect(found[0]?.audience).toEqual(['urn:photos']);
      expect(await harness().consents.findRemembered('bob', client().uid)).toEqual([]);
      const other = await registerClient(`other-${nextSerial()}`);
      expect(await harness().consents.findRemembered('alice', other.uid)).toEqual([]);
    });

    it('are listed as they were given, also those that are not remembered', async () => {
      const { consent: given } = await grant({ remembered: false, lifetimeMs: dayMs, sid: 'one' });
      await grant({ sid: 'two' });
      const listed = await harness().consents.list({ subject: 'alice', sid: 'one' }, { limit: 10 });
      const { lifetimeMs: _lifetimeMs, ...expected } = given ?? newConsent();
      expect(listed).toEqual([{ ...expected, handledAt: expect.any(Number) }]);
      expect(await harness().consents.findRemembered('alice', client().uid)).toHaveLength(1);
    });

    it('are listed by pages, none twice and none missing', async () => {
      for (const scope of ['a', 'b', 'c', 'd', 'e']) await grant({ scopes: [scope] });
      const first = await harness().consents.list({ subject: 'alice' }, { limit: 2 });
      const second = await harness().consents.list({ subject: 'alice' }, { limit: 2, after: first[1]?.id ?? '' });
      const third = await harness().consents.list({ subject: 'alice' }, { limit: 2, after: second[1]?.id ?? '' });
      const scopes = [first, second, third].map((page) => page.map((each) => each.scopes.join()));
      expect(scopes).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
    });

    it('end after the time they shall be remembered for', async () => {
      await grant({ rememberFor: 60, lifetimeMs: 60_000 });
      expect(await harness().consents.findRemembered('alice', client().uid)).toHaveLength(1);
      await harness().advanceClock(60_001);
      expect(await harness().consents.findRemembered('alice', client().uid)).toEqual([]);
      expect(await harness().consents.list({ subject: 'alice' }, { limit: 10 })).toEqual([]);
      expect(await harness().consents.sweep(10)).toBe(1);
    });

    it('take the place of remembered ones that they cover', async () => {
      await grant({ scopes: ['openid'] });
      await grant({ scopes: ['openid', 'photos'] });
      expect(await harness().consents.findRemembered('alice', client().uid)).toMatchObject([
        { scopes: ['openid', 'photos'] },
      ]);
      expect(await harness().consents.list({ subject: 'alice' }, { limit: 10 })).toHaveLength(2);
    });

    it.each([
      ['its id', ({ consent: given }: AuthorizationOutcome) => ({ id: given?.id ?? '' }), 1, [false, true, true]],
      ['subject and client', () => ({ subject: 'alice', clientId: client().client.id }), 2, [false, false, true]],
      ['subject', () => ({ subject: 'alice' }), 2, [false, false, true]],
      ['client', () => ({ clientId: client().client.id }), 3, [false, false, false]],
    ])('are revoked by %s, with every token that came of them', async (_, which, count, active) => {
      const outcomes = [
        await grant({ scopes: ['a'] }),
        await grant({ scopes: ['b'] }),
        await grant({ subject: 'bob' }, { subject: 'bob' }),
      ];
      const [first = outcomeOf()] = outcomes;
      expect(await harness().consents.revoke(which(first))).toBe(count);
      expect(await Promise.all(outcomes.map(isActive))).toEqual(active);
      const listed = await harness().consents.list({ subject: 'alice' }, { limit: 10 });
      expect(listed).toHaveLength(active.slice(0, 2).filter((each) => each).length);
      expect(await harness().consents.sweep(10)).toBe(count);
    });

    it('never answer for a client that was removed and registered again under the same id', async () => {
      await grant({});
      await harness().clients.remove(client().client.id);
      const again = await registerClient(client().client.id);
      expect(await harness().consents.findRemembered('alice', again.uid)).toEqual([]);
      expect(await harness().consents.list({ subject: 'alice' }, { limit: 10 })).toEqual([]);
    });
  });
}
