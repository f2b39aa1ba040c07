import type { RowKey } from '../grant.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintAccessToken } from '../token/mint.js';
import { createTokenFixture, type TokenFixture, type TokenStoreHarness } from './token-fixture.js';
import { describeTokenRaces } from './token-race.contract.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** What every token store does. `rounds` of races are run. */
export function tokenStoreContract(
  name: string,
  options: { readonly open: () => Promise<TokenStoreHarness>; readonly rounds: number },
): void {
  describe(`token store contract: ${name}`, () => {
    let harness: TokenFixture;

    beforeAll(async () => {
      harness = await createTokenFixture(await options.open());
    });
    afterAll(() => harness.close());

    describeTokenRaces(() => harness, options.rounds);

    describe('access tokens of a client', () => {
      it('are stored while the client is at the revision it authenticated with', async () => {
        const token = mintAccessToken(
          harness.mint,
          harness.grantOf(harness.client, { subject: 'conf', scopes: ['photos'], audience: ['api'] }),
        );
        expect(await harness.tokens.insertClientAccessToken(token.row, harness.client.revision)).toBe(true);
        const active = await harness.replica.findActiveAccessToken(token.row.key);
        expect(active?.grant).toEqual(token.row.grant);
        expect(active).not.toHaveProperty('family');
        expect((active?.expiresAt ?? 0) - (active?.issuedAt ?? 0)).toBe(hour);
      });

      it('are refused, and not stored, once the client was changed', async () => {
        const changed = await harness.makeClient('changed');
        await harness.clients.update(changed.client, 'keep');
        const token = mintAccessToken(harness.mint, harness.grantOf(changed));
        expect(await harness.tokens.insertClientAccessToken(token.row, changed.revision)).toBe(false);
        expect(await harness.isActive(token.row.key)).toBe(false);
        expect(await harness.tokens.insertClientAccessToken(token.row, changed.revision + 1)).toBe(true);
        expect(await harness.isActive(token.row.key)).toBe(true);
      });

      it('are inactive once the client is deleted, also when it is made again under the same id', async () => {
        const gone = await harness.makeClient('gone');
        const token = mintAccessToken(harness.mint, harness.grantOf(gone));
        await harness.tokens.insertClientAccessToken(token.row, gone.revision);
        await harness.clients.remove('gone');
        expect(await harness.isActive(token.row.key)).toBe(false);
        await harness.makeClient('gone');
        expect(await harness.isActive(token.row.key)).toBe(false);
      });

      it('are inactive on every replica once revoked, however often', async () => {
        const token = mintAccessToken(harness.mint, harness.grantOf(harness.client));
        await harness.tokens.insertClientAccessToken(token.row, harness.client.revision);
        await harness.tokens.revokeAccessToken(token.row.key);
        await harness.tokens.revokeAccessToken(token.row.key);
        expect(await harness.isActive(token.row.key)).toBe(false);
      });

      it('are answered each its own in a batch, unknown ones not at all', async () => {
        const minted = Array.from({ length: 20 }, (_, index) =>
          mintAccessToken(harness.mint, harness.grantOf(harness.client, { subject: `s${index}` })),
        );
        const stored = await Promise.all(
          minted.map(({ row }) => harness.tokens.insertClientAccessToken(row, harness.client.revision)),
        );
        expect(stored).not.toContain(false);
        const unknown = mintAccessToken(harness.mint, harness.grantOf(harness.client)).row.key;
        const found = await Promise.all(
          [...minted.map(({ row }) => row.key), unknown].map((key) => harness.tokens.findActiveAccessToken(key)),
        );
        expect(found.map((token) => token?.grant.subject)).toEqual([
          ...minted.map((_, index) => `s${index}`),
          undefined,
        ]);
      });
    });

    describe('authorization codes', () => {
      it('are answered with their grant, in state live', async () => {
        const code = await harness.makeCode();
        const stored = await harness.replica.findAuthorizationCode(code.key);
        expect(stored).toEqual({
          key: code.key,
          family: code.family.key,
          familyExpiresAt: Math.floor(code.family.expiresAt),
          grant: code.family.grant,
          redirectUri: 'https://rp.example/cb',
          redirectUriGiven: true,
          codeChallenge: 'challenge',
          state: 'live',
        });
      });

      it('buy access and refresh token once; a second use buys nothing', async () => {
        const code = await harness.makeCode();
        const first = await harness.redeem(harness.tokens, code);
        const second = await harness.redeem(harness.replica, code);
        expect([first.outcome, second.outcome]).toEqual(['won', 'lost']);
        const active = await harness.replica.findActiveAccessToken(first.accessToken.key);
        expect(active?.family).toEqual(code.family.key);
        expect(active?.grant.accessTokenExtra).toEqual(code.family.grant.accessTokenExtra);
        expect((await harness.replica.findRefreshToken(first.refreshToken.key))?.state).toBe('live');
        expect(await harness.isActive(second.accessToken.key)).toBe(false);
        expect(await harness.tokens.findRefreshToken(second.refreshToken.key)).toBeUndefined();
        const used = await harness.tokens.findAuthorizationCode(code.key);
        expect(used?.state).toBe('used');
        expect(used?.usedAgoMs).toBeGreaterThanOrEqual(0);
      });

      it('can be burnt without buying anything, however often', async () => {
        const code = await harness.makeCode();
        await harness.tokens.burnAuthorizationCode(code.key);
        await harness.tokens.burnAuthorizationCode(code.key);
        expect((await harness.redeem(harness.replica, code)).outcome).toBe('lost');
      });

      it('are of no use once their family is revoked', async () => {
        const code = await harness.makeCode();
        await harness.tokens.revokeFamily(code.family.key);
        expect((await harness.replica.findAuthorizationCode(code.key))?.state).toBe('revoked');
        expect((await harness.redeem(harness.replica, code)).outcome).toBe('lost');
      });

      it('are of no use once their client is deleted', async () => {
        const owner = await harness.makeClient('short-lived');
        const code = await harness.makeCode(owner);
        await harness.clients.remove('short-lived');
        expect((await harness.replica.findAuthorizationCode(code.key))?.state).toBe('revoked');
        expect((await harness.redeem(harness.replica, code)).outcome).toBe('lost');
      });

      it('unknown to the store are undefined', async () => {
        expect(await harness.tokens.findAuthorizationCode({ bucket: 1, id: 'x' })).toBeUndefined();
        expect(await harness.tokens.findRefreshToken({ bucket: 1, id: 'x' })).toBeUndefined();
        expect(await harness.tokens.findActiveAccessToken({ bucket: 1, id: 'x' })).toBeUndefined();
      });
    });

    describe('refresh tokens', () => {
      it('are rotated: the old one is used, the new one live, earlier access tokens go on', async () => {
        const code = await harness.makeCode();
        const first = await harness.redeem(harness.tokens, code);
        const second = await harness.rotate(harness.tokens, code.family, first.refreshToken.key);
        expect(second.outcome).toBe('won');
        expect((await harness.replica.findRefreshToken(first.refreshToken.key))?.state).toBe('used');
        expect((await harness.replica.findRefreshToken(second.refreshToken.key))?.state).toBe('live');
        expect(await harness.isActive(first.accessToken.key)).toBe(true);
        expect(await harness.isActive(second.accessToken.key)).toBe(true);
      });

      it('keep the answer that they bought for the window, while the successor is unused', async () => {
        const code = await harness.makeCode();
        const first = await harness.redeem(harness.tokens, code);
        const second = await harness.rotate(harness.tokens, code.family, first.refreshToken.key, 10_000);
        const answerOf = async (key: RowKey) => (await harness.replica.findRefreshToken(key))?.answer;
        expect(await answerOf(first.refreshToken.key)).toEqual({
          sealed: `sealed-${second.refreshToken.key.id}`,
          parametersHash: 'hash',
          usedAgoMs: expect.any(Number),
        });
        const third = await harness.rotate(harness.tokens, code.family, second.refreshToken.key, 10_000);
        expect(await answerOf(first.refreshToken.key)).toBeUndefined();
        expect(await answerOf(second.refreshToken.key)).toBeDefined();
        await harness.tokens.revokeFamily(code.family.key);
        expect(await answerOf(second.refreshToken.key)).toBeUndefined();
        expect(await answerOf(third.refreshToken.key)).toBeUndefined();
      });

      it('lose the answer with the window, and it is erased', async () => {
        const code = await harness.makeCode();
        const first = await harness.redeem(harness.tokens, code);
        const second = await harness.rotate(harness.tokens, code.family, first.refreshToken.key, 10_000);
        await harness.advanceClock(10_001);
        expect((await harness.replica.findRefreshToken(first.refreshToken.key))?.answer).toBeUndefined();
        expect(await harness.tokens.sweepAnswers(1_000)).toBeGreaterThan(0);
        expect(await harness.dump()).not.toContain(`sealed-${second.refreshToken.key.id}`);
      });

      it('end with their family, and every access token with them', async () => {
        const code = await harness.makeCode();
        const first = await harness.redeem(harness.tokens, code);
        const second = await harness.rotate(harness.tokens, code.family, first.refreshToken.key);
        await harness.tokens.revokeFamily(code.family.key);
        await harness.tokens.revokeFamily(code.family.key);
        expect((await harness.replica.findRefreshToken(second.refreshToken.key))?.state).toBe('revoked');
        expect(await harness.isActive(first.accessToken.key)).toBe(false);
        expect(await harness.isActive(second.accessToken.key)).toBe(false);
        expect((await harness.rotate(harness.replica, code.family, second.refreshToken.key)).outcome).toBe('lost');
      });

      it('end with their client', async () => {
        const owner = await harness.makeClient('leaver');
        const code = await harness.makeCode(owner);
        const first = await harness.redeem(harness.tokens, code);
        await harness.clients.remove('leaver');
        expect((await harness.replica.findRefreshToken(first.refreshToken.key))?.state).toBe('revoked');
        expect(await harness.isActive(first.accessToken.key)).toBe(false);
      });

      it('give an access token narrower scopes than the grant has', async () => {
        const code = await harness.makeCode();
        const first = await harness.redeem(harness.tokens, code);
        const bought = harness.tokensOf(code.family);
        const accessToken = {
          ...bought.accessToken,
          grant: { ...bought.accessToken.grant, scopes: ['openid'], audience: ['api'] },
        };
        await harness.tokens.rotateRefreshToken({
          refreshToken: first.refreshToken.key,
          successor: bought.refreshToken,
          accessToken,
        });
        const active = await harness.replica.findActiveAccessToken(accessToken.key);
        expect(active?.grant.scopes).toEqual(['openid']);
        expect(active?.grant.audience).toEqual(['api']);
        const successor = await harness.replica.findRefreshToken(bought.refreshToken.key);
        expect(successor?.grant.scopes).toEqual(['openid', 'offline']);
      });
    });

    describe('revocation', () => {
      it('of a client ends its grants and what it got for itself, and nothing later', async () => {
        const [owner, other] = [await harness.makeClient('ended'), await harness.makeClient('other')];
        const [code, kept] = [await harness.makeCode(owner), await harness.makeCode(other)];
        const [first, second] = [
          await harness.redeem(harness.tokens, code),
          await harness.redeem(harness.tokens, kept),
        ];
        const own = mintAccessToken(harness.mint, harness.grantOf(owner, { subject: 'ended' })).row;
        expect(await harness.tokens.insertClientAccessToken(own, owner.revision)).toBe(true);
        expect(await harness.replica.revokeGrants({ clientId: 'ended' })).toBe(1);
        expect(await harness.isActive(first.accessToken.key)).toBe(false);
        expect(await harness.isActive(own.key)).toBe(false);
        expect((await harness.tokens.findRefreshToken(first.refreshToken.key))?.state).toBe('revoked');
        expect(await harness.isActive(second.accessToken.key)).toBe(true);
        await harness.advanceClock(1_000);
        const fresh = await harness.clients.find('ended');
        const later = mintAccessToken(harness.mint, harness.grantOf(owner, { subject: 'ended' })).row;
        await harness.tokens.insertClientAccessToken(later, fresh?.revision ?? 0);
        expect(await harness.isActive(later.key)).toBe(true);
      });

      it('of a subject, alone or at one client, ends those grants only', async () => {
        const [one, two] = [await harness.makeClient('one'), await harness.makeClient('two')];
        const make = async (owner: typeof one, subject: string) =>
          (await harness.redeem(harness.tokens, await harness.makeCode(owner, { subject }))).accessToken.key;
        const [a1, a2, b1] = [await make(one, 'anna'), await make(two, 'anna'), await make(one, 'bert')];
        expect(await harness.tokens.revokeGrants({ clientId: 'one', subject: 'anna' })).toBe(1);
        expect([await harness.isActive(a1), await harness.isActive(a2), await harness.isActive(b1)]).toEqual([
          false,
          true,
          true,
        ]);
        expect(await harness.tokens.revokeGrants({ subject: 'anna' })).toBe(1);
        expect([await harness.isActive(a2), await harness.isActive(b1)]).toEqual([false, true]);
        expect(await harness.tokens.revokeGrants({ subject: 'nobody' })).toBe(0);
      });
    });

    describe('what is stored', () => {
      it('holds no usable token or code', async () => {
        const code = await harness.makeCode();
        await harness.redeem(harness.tokens, code);
        const stored = await harness.dump();
        expect(harness.texts.length).toBeGreaterThan(2);
        for (const text of harness.texts.slice(-50)) {
          const [head = '', mac = ''] = text.split('.');
          expect(stored.includes(head) || stored.includes(mac)).toBe(false);
        }
      });
    });

    // Last: the clock does not go back.
    describe('the database clock', () => {
      it('ends codes, access tokens, idle refresh tokens and families', async () => {
        const code = await harness.makeCode();
        const other = await harness.makeCode();
        const clientToken = mintAccessToken(harness.mint, harness.grantOf(harness.client)).row;
        await harness.tokens.insertClientAccessToken(clientToken, harness.client.revision);
        const first = await harness.redeem(harness.tokens, other);

        await harness.advanceClock(minute);
        expect((await harness.tokens.findAuthorizationCode(code.key))?.state).toBe('expired');
        expect((await harness.redeem(harness.tokens, code)).outcome).toBe('lost');
        expect(await harness.isActive(clientToken.key)).toBe(true);

        await harness.advanceClock(hour - minute);
        expect(await harness.isActive(clientToken.key)).toBe(false);
        expect(await harness.isActive(first.accessToken.key)).toBe(false);
        const second = await harness.rotate(harness.tokens, other.family, first.refreshToken.key);
        expect(second.outcome).toBe('won');
        expect(await harness.isActive(second.accessToken.key)).toBe(true);

        await harness.advanceClock(14 * day);
        expect((await harness.tokens.findRefreshToken(second.refreshToken.key))?.state).toBe('expired');
        expect((await harness.rotate(harness.tokens, other.family, second.refreshToken.key)).outcome).toBe('lost');
      });

      it('ends what is rotated in time, at the end of the family', async () => {
        const code = await harness.makeCode();
        let current = (await harness.redeem(harness.tokens, code)).refreshToken.key;
        for (let week = 0; week < 12; week++) {
          await harness.advanceClock(7 * day);
          const next = await harness.rotate(harness.tokens, code.family, current);
          expect(next.outcome).toBe('won');
          current = next.refreshToken.key;
        }
        await harness.advanceClock(6 * day);
        expect((await harness.tokens.findRefreshToken(current))?.state).toBe('expired');
        expect((await harness.rotate(harness.tokens, code.family, current)).outcome).toBe('lost');
      });
    });
  });
}
