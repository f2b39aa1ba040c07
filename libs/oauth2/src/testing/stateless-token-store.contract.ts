import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredClient } from '../client-store.js';
import type { StatelessAccessToken, StatelessTokenStore } from '../token/stateless-token.js';
import { tokenBucket } from '../token/token-text.js';
import { createTokenFixture, type TokenFixture, type TokenStoreHarness } from './token-fixture.js';

const hour = 3_600_000;

/** A store of tokens without rows, and its replica, over the grants of a token store. */
export type StatelessTokenHarness = TokenStoreHarness & {
  readonly stateless: StatelessTokenStore;
  readonly statelessReplica: StatelessTokenStore;
};

/** What every store of access tokens without rows does. */
export function statelessTokenStoreContract(name: string, open: () => Promise<StatelessTokenHarness>): void {
  describe(`stateless token store contract: ${name}`, () => {
    let harness: TokenFixture & StatelessTokenHarness;

    beforeAll(async () => {
      const opened = await open();
      harness = { ...opened, ...(await createTokenFixture(opened)) };
    });
    afterAll(() => harness.close());

    function tokenOf(owner: StoredClient, changes: Partial<StatelessAccessToken> = {}): StatelessAccessToken {
      const issuedAt = Math.floor(harness.tokens.now() / 1000) * 1000;
      const expiresAt = issuedAt + hour;
      return {
        key: { bucket: tokenBucket('access_token', expiresAt), id: randomBytes(32).toString('base64url') },
        clientId: owner.client.id,
        clientUid: owner.uid,
        clientRevision: owner.revision,
        scopes: ['photos'],
        audience: [],
        issuedAt,
        expiresAt,
        ...changes,
      };
    }
    const isActive = async (token: StatelessAccessToken) =>
      (await harness.statelessReplica.findGrant(token)) !== undefined;

    it('finds the grant of a client and of a resource owner, without any row of the token', async () => {
      const own = await harness.stateless.findGrant(tokenOf(harness.client));
      expect(own?.grant).toEqual({
        ...{ clientId: 'conf', clientUid: harness.client.uid, subject: 'conf' },
        ...{ scopes: ['photos'], audience: [], accessTokenExtra: {} },
      });
      const { family } = await harness.makeCode();
      const decision = { id: 'd', revision: 7 };
      const token = tokenOf(harness.client, { family: family.key, audience: ['https://api.example'], decision });
      expect(await harness.statelessReplica.findGrant(token)).toEqual({
        grant: {
          ...{ clientId: 'conf', clientUid: harness.client.uid, subject: 'alice' },
          ...{ scopes: ['photos'], audience: ['https://api.example'] },
          accessTokenExtra: family.grant.accessTokenExtra,
        },
        ...{ family: family.key, issuedAt: token.issuedAt, expiresAt: token.expiresAt, decision },
      });
    });

    it('answers each of a batch for itself', async () => {
      const good = tokenOf(harness.client);
      const bad = tokenOf(harness.client, { clientUid: '00000000-0000-4000-8000-000000000000' });
      const answers = await Promise.all([bad, good, bad].map((token) => harness.stateless.findGrant(token)));
      expect(answers.map((answer) => answer !== undefined)).toEqual([false, true, false]);
    });

    it('knows one that was revoked alone, on every replica and however often; and no other', async () => {
      const [one, two] = [tokenOf(harness.client), tokenOf(harness.client)];
      await Promise.all([harness.stateless.revoke(one), harness.statelessReplica.revoke(one)]);
      await harness.stateless.revoke(one);
      expect([await isActive(one), await isActive(two)]).toEqual([false, true]);
    });

    it('ends them with their family, and for a family of another client', async () => {
      const [{ family }, other] = [await harness.makeCode(), await harness.makeClient('stranger')];
      const token = tokenOf(harness.client, { family: family.key });
      expect(await isActive(tokenOf(other, { family: family.key }))).toBe(false);
      expect(await isActive(tokenOf(harness.client, { family: { ...family.key, id: 'no' } }))).toBe(false);
      expect(await isActive(token)).toBe(true);
      await harness.tokens.revokeFamily(family.key);
      expect(await isActive(token)).toBe(false);
    });

    it('ends them with a revocation of the client: also for who authenticated before it and was late, not later', async () => {
      const owner = await harness.makeClient('epoch');
      await harness.tokens.revokeGrants({ clientId: 'epoch' });
      expect(await isActive(tokenOf(owner))).toBe(false);
      const later = await harness.clients.find('epoch');
      const fresh = tokenOf(later ?? owner);
      expect(await isActive(fresh)).toBe(true);
      // A change that revokes nothing leaves them.
      await harness.clients.update(owner.client, 'keep');
      expect(await isActive(fresh)).toBe(true);
    });

    it('ends them with their client, also when it is made again under the same id', async () => {
      const owner = await harness.makeClient('short-lived');
      const token = tokenOf(owner);
      await harness.clients.remove('short-lived');
      expect(await isActive(token)).toBe(false);
      await harness.makeClient('short-lived');
      expect(await isActive(token)).toBe(false);
      // Nor for another client under whose name it is presented.
      expect(await isActive(tokenOf(harness.client, { clientId: 'short-lived' }))).toBe(false);
    });

    // Last: the clock does not go back.
    it('ends them with their lifetime, by the database clock', async () => {
      const token = tokenOf(harness.client);
      await harness.advanceClock(hour + 1_000);
      expect(await isActive(token)).toBe(false);
    });
  });
}
