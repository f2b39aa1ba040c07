import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintAccessToken } from '../token/mint.js';
import type { StatelessAccessToken } from '../token/stateless-token.js';
import type { TokenInspectionStore } from '../token/token-inspection.js';
import { createTokenFixture, type TokenFixture, type TokenStoreHarness } from './token-fixture.js';

const hour = 3_600_000;

/** A token store, with what looks at its rows. */
export type TokenInspectionHarness = TokenStoreHarness & { readonly inspection: TokenInspectionStore };

/** What every inspection of tokens does. */
export function tokenInspectionContract(name: string, open: () => Promise<TokenInspectionHarness>): void {
  describe(`token inspection contract: ${name}`, () => {
    let harness: TokenFixture & TokenInspectionHarness;

    beforeAll(async () => {
      const opened = await open();
      harness = { ...opened, ...(await createTokenFixture(opened)) };
    });
    afterAll(() => harness.close());

    const reasonsOf = async (...asked: Parameters<TokenInspectionStore['inspect']>) =>
      (await harness.inspection.inspect(...asked))?.reasons;

    it('knows nothing of a row that is not there', async () => {
      expect(await harness.inspection.inspect('access_token', { bucket: 1, id: 'x' })).toBeUndefined();
    });

    it('tells a good token with its family, and changes nothing', async () => {
      const code = await harness.makeCode();
      expect(await reasonsOf('authorization_code', code.key)).toEqual([]);
      const bought = await harness.redeem(harness.tokens, code);
      expect(bought.outcome).toBe('won');
      const seen = await harness.inspection.inspect('access_token', bought.accessToken.key);
      expect(seen).toMatchObject({ clientId: 'conf', subject: 'alice', scopes: ['openid', 'offline'], reasons: [] });
      expect((seen?.expiresAt ?? 0) - (seen?.issuedAt ?? 0)).toBe(hour);
      expect(seen?.family?.key).toEqual(code.family.key);
      expect(seen?.family).not.toHaveProperty('revokedAt');
      for (let look = 0; look < 2; look++) {
        expect(await reasonsOf('refresh_token', bought.refreshToken.key)).toEqual([]);
      }
      expect((await harness.rotate(harness.tokens, code.family, bought.refreshToken.key)).outcome).toBe('won');
    });

    it('says of each token why it is worth nothing', async () => {
      const owner = await harness.makeClient('leaver');
      const code = await harness.makeCode(owner);
      const bought = await harness.redeem(harness.tokens, code);
      expect(await reasonsOf('authorization_code', code.key)).toEqual(['used']);
      await harness.tokens.revokeFamily(code.family.key);
      const family = (await harness.inspection.inspect('access_token', bought.accessToken.key))?.family;
      expect(family?.revokedAt).toBeGreaterThan(0);
      expect(await reasonsOf('access_token', bought.accessToken.key)).toEqual(['family_revoked']);
      expect(await reasonsOf('refresh_token', bought.refreshToken.key)).toEqual(['family_revoked']);
      await harness.clients.remove('leaver');
      expect(await reasonsOf('authorization_code', code.key)).toEqual(['used', 'family_revoked', 'client_deleted']);
    });

    it('says of what a client got for itself why it is worth nothing', async () => {
      const owner = await harness.makeClient('machine');
      const own = mintAccessToken(harness.mint, harness.grantOf(owner, { subject: 'machine' })).row;
      await harness.tokens.insertClientAccessToken(own, owner.revision);
      await harness.tokens.revokeAccessToken(own.key);
      expect(await reasonsOf('access_token', own.key)).toEqual(['revoked']);
      await harness.tokens.revokeGrants({ clientId: 'machine' });
      expect(await reasonsOf('access_token', own.key)).toEqual(['revoked', 'client_revoked']);
    });

    it('looks through a token without a row to its grant', async () => {
      const { family } = await harness.makeCode();
      const issuedAt = Math.floor(harness.tokens.now() / 1000) * 1000;
      const { uid: clientUid, revision: clientRevision } = harness.client;
      const token: StatelessAccessToken = {
        ...{ key: { bucket: 1, id: 'x' }, clientId: 'conf', clientUid, clientRevision, family: family.key },
        ...{ scopes: ['openid'], audience: ['api'], issuedAt, expiresAt: issuedAt + hour },
      };
      const seen = await harness.inspection.inspectStateless(token);
      expect(seen).toMatchObject({ subject: 'alice', scopes: ['openid'], audience: ['api'], issuedAt, reasons: [] });
      const strange = { ...token, clientUid: '00000000-0000-4000-8000-000000000000', expiresAt: issuedAt - 1_000 };
      const { reasons } = await harness.inspection.inspectStateless(strange);
      expect(reasons).toEqual(['expired', 'family_gone', 'client_deleted']);
    });

    // Last: the clock does not go back.
    it('says what is expired', async () => {
      const code = await harness.makeCode();
      const { accessToken } = await harness.redeem(harness.tokens, code);
      await harness.advanceClock(hour);
      expect(await reasonsOf('access_token', accessToken.key)).toEqual(['expired']);
      expect(await reasonsOf('authorization_code', code.key)).toEqual(['expired', 'used']);
    });
  });
}
