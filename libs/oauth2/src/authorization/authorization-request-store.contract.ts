import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientStore, StoredClient } from '../client-store.js';
import type { Grant } from '../grant.js';
import { familyBucket, tokenBucket } from '../token/token-text.js';
import type { AuthorizationOutcome, TokenStore } from '../token/token-store.js';
import { sampleClient } from '../testing/sample-client.js';
import type { AuthorizationRequestStore, NewAuthorizationRequest } from './authorization-request-store.js';

/** The stores of one harness, and its clock. */
export type AuthorizationRequestStoreHarness = {
  readonly requests: AuthorizationRequestStore;
  /** The same requests as another replica sees them; the same store where there is only one. */
  readonly replica: AuthorizationRequestStore;
  readonly clients: ClientStore;
  readonly tokens: TokenStore;
  /** Milliseconds since the epoch, database clock. */
  readonly now: () => number;
  advanceClock(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

const lifetimeMs = 600_000;
const noLimit = 1_000;

/** What every store of authorization requests must do. */
export function authorizationRequestStoreContract(
  name: string,
  open: () => Promise<AuthorizationRequestStoreHarness>,
): void {
  describe(`authorization request store contract: ${name}`, () => {
    let harness: AuthorizationRequestStoreHarness;
    let client: StoredClient;
    let serial = 0;

    beforeEach(async () => {
      harness = await open();
      client = await registerClient(`client-${++serial}`);
    });

    afterEach(() => harness.close());

    async function registerClient(id: string): Promise<StoredClient> {
      await harness.clients.insert(sampleClient({ id }), undefined);
      const stored = await harness.clients.find(id);
      if (stored === undefined) throw new Error('the client was not stored');
      return stored;
    }

    function newRequest(members: Partial<NewAuthorizationRequest> = {}): NewAuthorizationRequest {
      return {
        id: `request-${++serial}`,
        clientUid: client.uid,
        clientId: client.client.id,
        parameters: { client_id: client.client.id, state: 'a "b" <c> \\ ü 🌍' },
        parametersHash: 'parameters-hash',
        browserHash: 'browser-hash',
        lifetimeMs,
        ...members,
      };
    }

    async function pendingRequest(): Promise<NewAuthorizationRequest> {
      const request = newRequest();
      expect(await harness.requests.insert(request, noLimit)).toBe(true);
      return request;
    }

    function outcomeOf(stored: StoredClient, members: Partial<Grant> = {}): AuthorizationOutcome {
      const expiresAt = harness.now() + 90 * 86_400_000;
      const hour = harness.now() + 3_600_000;
      const minute = harness.now() + 60_000;
      const grant: Grant = {
        clientId: stored.client.id,
        clientUid: stored.uid,
        subject: 'user:1',
        scopes: ['openid', 'offline'],
        audience: [],
        accessTokenExtra: { roles: ['a', { b: 1.5 }], __proto__x: null },
        idTokenExtra: { name: 'Dan "Dean"' },
        authTime: 1_700_000_000,
        nonce: 'nonce',
        ...members,
      };
      const family = { bucket: familyBucket(expiresAt), id: `family-${++serial}` };
      return {
        family: { key: family, grant, expiresAt },
        code: {
          key: { bucket: tokenBucket('authorization_code', minute), id: `code-${++serial}` },
          redirectUri: 'https://rp.example/cb',
          redirectUriGiven: true,
          codeChallenge: 'challenge',
          lifetimeMs: 60_000,
        },
        accessToken: {
          key: { bucket: tokenBucket('access_token', hour), id: `access-${++serial}` },
          grant,
          family,
          lifetimeMs: 3_600_000,
        },
      };
    }

    it('finds a pending request as it was stored', async () => {
      const { lifetimeMs: _lifetimeMs, ...stored } = await pendingRequest();
      const found = await harness.requests.findPending(stored.id);
      expect(found).toEqual({ ...stored, createdAt: expect.any(Number) });
      expect(Math.abs((found?.createdAt ?? 0) - harness.now())).toBeLessThan(5_000);
    });

    it('finds nothing under an unknown id', async () => {
      expect(await harness.requests.findPending('unknown')).toBeUndefined();
      expect(await harness.requests.discard('unknown')).toBe('lost');
      expect(await harness.requests.complete('unknown', outcomeOf(client))).toBe('lost');
    });

    it('stores code, access token and family of a decision', async () => {
      const request = await pendingRequest();
      const outcome = outcomeOf(client);
      expect(await harness.requests.complete(request.id, outcome)).toBe('won');

      const code = await harness.tokens.findAuthorizationCode(outcome.code?.key ?? { bucket: 0, id: '' });
      expect(code).toMatchObject({
        state: 'live',
        family: outcome.family.key,
        grant: outcome.family.grant,
        redirectUri: 'https://rp.example/cb',
        redirectUriGiven: true,
        codeChallenge: 'challenge',
      });
      expect(Math.abs((code?.familyExpiresAt ?? 0) - outcome.family.expiresAt)).toBeLessThan(10);
      const token = await harness.tokens.findActiveAccessToken(outcome.accessToken?.key ?? { bucket: 0, id: '' });
      expect(token?.grant.accessTokenExtra).toEqual(outcome.family.grant.accessTokenExtra);
      expect(token?.family).toEqual(outcome.family.key);
      expect((token?.expiresAt ?? 0) - (token?.issuedAt ?? 0)).toBe(3_600_000);
    });

    it('stores a decision without code, access token, nonce and authentication time', async () => {
      const request = await pendingRequest();
      const { family } = outcomeOf(client);
      const { authTime: _authTime, nonce: _nonce, ...grant } = family.grant;
      expect(await harness.requests.complete(request.id, { family: { ...family, grant } })).toBe('won');
    });

    it('decides a request once: of 64 parallel completions on two replicas exactly one wins', async () => {
      const request = await pendingRequest();
      const outcomes = Array.from({ length: 64 }, () => outcomeOf(client));
      const answers = await Promise.all(
        outcomes.map((outcome, index) =>
          (index % 2 === 0 ? harness.requests : harness.replica).complete(request.id, outcome),
        ),
      );
      expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
      const codes = await Promise.all(
        outcomes.map(({ code }) => harness.tokens.findAuthorizationCode(code?.key ?? { bucket: 0, id: '' })),
      );
      expect(codes.map((code) => code?.state === 'live')).toEqual(answers.map((answer) => answer === 'won'));
    });

    it('decides a request once: a denial and a completion in parallel', async () => {
      const request = await pendingRequest();
      const outcome = outcomeOf(client);
      const answers = await Promise.all([
        harness.requests.discard(request.id),
        harness.replica.complete(request.id, outcome),
      ]);
      expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
    });

    const decisions: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
      ['completed', (id) => harness.requests.complete(id, outcomeOf(client))],
      ['discarded', (id) => harness.requests.discard(id)],
      ['expired', () => harness.advanceClock(lifetimeMs + 1)],
      ['orphaned by the removal of its client', () => harness.clients.remove(client.client.id)],
    ];
    it.each(decisions)('is not pending any more once %s', async (_, decide) => {
      const request = await pendingRequest();
      await decide(request.id);
      const outcome = outcomeOf(client);
      expect(await harness.requests.findPending(request.id)).toBeUndefined();
      expect(await harness.requests.complete(request.id, outcome)).toBe('lost');
      expect(await harness.requests.discard(request.id)).toBe('lost');
      expect(await harness.tokens.findAuthorizationCode(outcome.code?.key ?? { bucket: 0, id: '' })).toBeUndefined();
    });

    it('does not belong to a client that was removed and registered again under the same id', async () => {
      const request = await pendingRequest();
      await harness.clients.remove(client.client.id);
      const again = await registerClient(client.client.id);
      expect(await harness.requests.findPending(request.id)).toBeUndefined();
      expect(await harness.requests.complete(request.id, outcomeOf(again))).toBe('lost');
    });

    it('buys nothing for another client', async () => {
      const request = await pendingRequest();
      const other = await registerClient(`other-${++serial}`);
      expect(await harness.requests.complete(request.id, outcomeOf(other))).toBe('lost');
      expect(await harness.requests.findPending(request.id)).toBeDefined();
    });

    it('bounds the pending requests of one client, and of no other', async () => {
      expect(await harness.requests.insert(newRequest(), 2)).toBe(true);
      const second = newRequest();
      expect(await harness.requests.insert(second, 2)).toBe(true);
      const refused = newRequest();
      expect(await harness.requests.insert(refused, 2)).toBe(false);
      expect(await harness.requests.findPending(refused.id)).toBeUndefined();
      const other = await registerClient(`other-${++serial}`);
      expect(await harness.requests.insert(newRequest({ clientUid: other.uid }), 2)).toBe(true);
      await harness.requests.discard(second.id);
      expect(await harness.requests.insert(newRequest(), 2)).toBe(true);
    });

    it('bounds the pending requests of one client among those that begin at once', async () => {
      const limit = 10;
      await harness.requests.insert(newRequest(), limit);
      const other = await registerClient(`other-${++serial}`);
      const clients = [client, client, other].map(({ uid }) => uid);
      const stored = await Promise.all(
        Array.from({ length: 48 }, async (_, index) => {
          const request = newRequest({ clientUid: clients[index % clients.length] ?? '' });
          const answer = await harness.requests.insert(request, limit);
          expect((await harness.requests.findPending(request.id)) !== undefined).toBe(answer);
          return answer ? [request.clientUid] : [];
        }),
      );
      expect(stored.flat().filter((uid) => uid === client.uid)).toHaveLength(limit - 1);
      expect(stored.flat().filter((uid) => uid === other.uid)).toHaveLength(limit);
    });

    it('bounds the pending requests of one address, which count against no client that way', async () => {
      await harness.requests.insert(newRequest({ addressHash: 'crowded' }), noLimit, 1);
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          const addressHash = index % 2 === 0 ? 'crowded' : `address-${index}`;
          return harness.requests.insert(newRequest({ addressHash }), 21, 1);
        }),
      );
      expect(answers).toEqual(answers.map((_, index) => index % 2 === 1));
    });

    it('decides many requests at once, each by itself', async () => {
      const requests = await Promise.all(Array.from({ length: 32 }, () => pendingRequest()));
      const other = await registerClient(`other-${++serial}`);
      const outcomes = requests.map((_, index) => outcomeOf(index % 4 === 3 ? other : client));
      await harness.requests.discard(requests[0]?.id ?? '');
      const answers = await Promise.all(
        requests.map(({ id }, index) => harness.requests.complete(id, outcomes[index] ?? outcomeOf(client))),
      );
      expect(answers).toEqual(answers.map((_, index) => (index === 0 || index % 4 === 3 ? 'lost' : 'won')));
      for (const [index, { code, accessToken }] of outcomes.entries()) {
        const [storedCode, storedToken] = await Promise.all([
          harness.tokens.findAuthorizationCode(code?.key ?? { bucket: 0, id: '' }),
          harness.tokens.findActiveAccessToken(accessToken?.key ?? { bucket: 0, id: '' }),
        ]);
        expect([storedCode !== undefined, storedToken !== undefined]).toEqual(
          answers[index] === 'won' ? [true, true] : [false, false],
        );
      }
    });

    it('sweeps what is past its lifetime, in batches, and nothing else', async () => {
      for (let count = 0; count < 3; count++) await pendingRequest();
      expect(await harness.requests.sweep(10)).toBe(0);
      await harness.advanceClock(lifetimeMs + 1);
      const fresh = await pendingRequest();
      expect(await harness.requests.sweep(2)).toBe(2);
      expect(await harness.requests.sweep(2)).toBe(1);
      expect(await harness.requests.findPending(fresh.id)).toBeDefined();
    });
  });
}
