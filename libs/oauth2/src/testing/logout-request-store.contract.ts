import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationRequestStore, SessionStep } from '../authorization/authorization-request-store.js';
import type { Client } from '../client.js';
import type { ClientStore, StoredClient } from '../client-store.js';
import type { Interaction } from '../interaction/interaction.js';
import type { LoginSessionStore } from '../interaction/login-session-store.js';
import { backchannelLogoutKind } from '../logout/backchannel-delivery.js';
import type { LogoutRequestStore, NewLogoutRequest } from '../logout/logout-request-store.js';
import type { OutboxStore } from '../outbox/outbox-store.js';
import { familyBucket, tokenBucket } from '../token/token-text.js';
import type { AuthorizationOutcome, TokenStore } from '../token/token-store.js';
import { sampleClient } from './sample-client.js';

/** Logout requests, as two replicas see them, and what a logout touches. */
export type LogoutRequestStoreHarness = {
  readonly logouts: LogoutRequestStore;
  readonly replica: LogoutRequestStore;
  readonly requests: AuthorizationRequestStore;
  readonly sessions: LoginSessionStore;
  readonly outbox: OutboxStore;
  readonly clients: ClientStore;
  readonly tokens: TokenStore;
  readonly now: () => number;
  advanceClock(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

const minute = 60_000;
const day = 86_400_000;
const login = { skip: false, subject: '', sid: 's' };
const decided: Interaction = { flow: 'challenge', login };

/** What every store of logout requests does, and what the end of a session does everywhere. */
export function logoutRequestStoreContract(name: string, open: () => Promise<LogoutRequestStoreHarness>): void {
  describe(`logout request store contract: ${name}`, () => {
    let harness: LogoutRequestStoreHarness;
    let logouts: LogoutRequestStore;
    let serial = 0;

    beforeEach(async () => {
      harness = await open();
      ({ logouts } = harness);
    });
    afterEach(() => harness.close());

    const options = { lifetimeMs: 10 * minute, limit: 3 };
    const finishing = { from: 'accepted', giveUpAfterMs: day } as const;

    function newRequest(changes: Partial<NewLogoutRequest> = {}): NewLogoutRequest {
      return {
        id: randomBytes(32).toString('base64url'),
        browserHash: 'browser-hash',
        sid: 'sid',
        subject: 'alice',
        rpInitiated: false,
        requestUrl: 'https://op.example/oauth2/sessions/logout?state=a "b" ü',
        ownPage: false,
        ...changes,
      };
    }

    async function accepted(changes: Partial<NewLogoutRequest> = {}): Promise<string> {
      const request = newRequest(changes);
      await logouts.insert(request, options);
      await logouts.decide(request.id, 'accepted');
      return request.id;
    }

    async function register(id: string, logout: Client['logout']): Promise<StoredClient> {
      await harness.clients.insert(sampleClient({ id, ...(logout !== undefined ? { logout } : {}) }), undefined);
      const stored = await harness.clients.find(id);
      if (stored === undefined) throw new Error('the client was not stored');
      return stored;
    }

    /** Lets a client get tokens in a session, which begins when it is not there. */
    async function grant(
      { sid, subject = 'alice' }: { readonly sid: string; readonly subject?: string },
      { uid: clientUid, client: { id: clientId } }: StoredClient,
      more: {
        readonly scopes?: readonly string[];
        readonly subjectIdentifier?: string;
        readonly endsSid?: string;
      } = {},
    ): Promise<AuthorizationOutcome> {
      const id = randomBytes(32).toString('base64url');
      const request = { id, clientUid, clientId, parameters: {}, parametersHash: '', browserHash: '' };
      const interaction = { stage: 'login', state: decided } as const;
      await harness.requests.insert({ ...request, lifetimeMs: 10 * minute, interaction }, 1_000);
      await harness.requests.advance(id, { from: 'login', to: 'login-decided', state: decided });
      const known = (await harness.sessions.find(sid)) !== undefined;
      const session = { sid, subject, cookieHash: `cookie of ${sid}`, authTime: 1, amr: [], lifetimeMs: day };
      const { endsSid, scopes = ['openid'], subjectIdentifier } = more;
      const step: SessionStep = known
        ? { kind: 'use', sid }
        : { kind: 'begin', session, ...(endsSid !== undefined ? { endsSid } : {}) };
      expect(await harness.requests.finishLogin(id, { state: decided, session: step })).toBe('won');
      await harness.requests.advance(id, { from: 'consent', to: 'consent-decided', state: decided });
      const expiresAt = harness.now() + day;
      const family = { bucket: familyBucket(expiresAt), id: `family-${++serial}` };
      const hour = harness.now() + 3_600_000;
      const key = { bucket: tokenBucket('access_token', hour), id: `access-${serial}` };
      const members = {
        ...{ clientUid, clientId, subject, scopes, sid },
        audience: [],
        accessTokenExtra: {},
        idTokenExtra: {},
        ...(subjectIdentifier !== undefined ? { subjectIdentifier } : {}),
      };
      const outcome: AuthorizationOutcome = {
        family: { key: family, grant: members, expiresAt },
        accessToken: { key, grant: members, family, lifetimeMs: 3_600_000 },
      };
      expect(await harness.requests.complete(id, outcome)).toBe('won');
      return outcome;
    }

    async function isActive({ accessToken }: AuthorizationOutcome): Promise<boolean> {
      const key = accessToken?.key;
      return key !== undefined && (await harness.tokens.findActiveAccessToken(key)) !== undefined;
    }

    const messages = async () =>
      (await harness.outbox.list({ kinds: [backchannelLogoutKind], after: '', limit: 0 })).map(
        ({ target, payload }) => ({ target, payload }),
      );

    it('finds a request as it was stored, whatever became of it, until it is over', async () => {
      const request = newRequest({ clientId: 'rp', postLogoutRedirectUri: 'https://rp.example/bye', state: 'ü&"' });
      expect(await logouts.insert(request, options)).toBe(true);
      const found = await harness.replica.find(request.id);
      expect(found).toMatchObject({ ...request, stage: 'asked' });
      expect((found?.expiresAt ?? 0) - (found?.requestedAt ?? 0)).toBe(10 * minute);
      await logouts.decide(request.id, 'rejected');
      expect(await logouts.find(request.id)).toMatchObject({ stage: 'rejected' });
      await harness.advanceClock(10 * minute + 1);
      expect(await logouts.find(request.id)).toBeUndefined();
      expect(await logouts.sweep(10)).toBe(1);
      expect(await logouts.sweep(10)).toBe(0);
    });

    it('keeps a session from having more than some that wait', async () => {
      const requests = Array.from({ length: 3 }, () => newRequest());
      for (const request of requests) expect(await logouts.insert(request, options)).toBe(true);
      expect(await logouts.insert(newRequest(), options)).toBe(false);
      expect(await logouts.insert(newRequest({ sid: 'other' }), options)).toBe(true);
      await logouts.decide(requests[0]?.id ?? '', 'rejected');
      expect(await logouts.insert(newRequest(), options)).toBe(true);
    });

    it('is decided once: of 64 parallel decisions on two replicas exactly one wins', async () => {
      const { id } = newRequest();
      await logouts.insert(newRequest({ id }), options);
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, index) =>
          (index % 2 === 0 ? logouts : harness.replica).decide(id, index % 3 === 0 ? 'rejected' : 'accepted'),
        ),
      );
      expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
    });

    it('is finished once, from where it stands, and not when it is over', async () => {
      const { id } = newRequest();
      await logouts.insert(newRequest({ id }), options);
      expect(await logouts.finish(id, finishing)).toBe('lost');
      await logouts.decide(id, 'accepted');
      expect(await logouts.finish(id, { ...finishing, from: 'asked' })).toBe('lost');
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? logouts : harness.replica).finish(id, finishing)),
      );
      expect(answers.filter((answer) => answer !== 'lost')).toEqual([[]]);
      const late = await accepted();
      await harness.advanceClock(10 * minute + 1);
      expect(await logouts.finish(late, finishing)).toBe('lost');
    });

    it('ends its session and no other, and names the clients of it', async () => {
      const [rp, other] = [await register('rp', {}), await register('other', {})];
      await grant({ sid: 'one' }, rp, { subjectIdentifier: 'chosen' });
      await grant({ sid: 'two' }, other);
      const id = await accepted({ sid: 'one' });
      expect(await logouts.finish(id, finishing)).toEqual([
        { sid: 'one', clientUid: rp.uid, clientId: 'rp', subject: 'alice', subjectIdentifier: 'chosen' },
      ]);
      expect(await harness.sessions.findByCookie('cookie of one')).toBeUndefined();
      expect(await harness.sessions.find('two')).toBeDefined();
    });

    it('LO-11: revokes what was granted in the session, but for what was granted to last', async () => {
      const rp = await register('rp', {});
      const online = await grant({ sid: 'one' }, rp);
      const offline = await grant({ sid: 'one' }, rp, { scopes: ['openid', 'offline'] });
      const elsewhere = await grant({ sid: 'two' }, rp);
      await logouts.finish(await accepted({ sid: 'one' }), finishing);
      expect(await Promise.all([online, offline, elsewhere].map(isActive))).toEqual([false, true, true]);
    });

    it('leaves a message for each client that has a back-channel logout URI, and for no other', async () => {
      const told = await register('told', { backchannelLogoutUri: 'https://rp.example/logout' });
      await grant({ sid: 'one' }, told, { subjectIdentifier: 'chosen' });
      await grant({ sid: 'one' }, await register('quiet', {}));
      await grant({ sid: 'two' }, told);
      await logouts.finish(await accepted({ sid: 'one' }), finishing);
      const payload = { client_uid: told.uid, subject: 'alice', sid: 'one', sub: 'chosen' };
      expect(await messages()).toEqual([{ target: 'told', payload }]);
    });

    it('leaves none when the request was lost, or the session was over', async () => {
      const told = await register('told', { backchannelLogoutUri: 'https://rp.example/logout' });
      await grant({ sid: 'one' }, told);
      const [first, second] = [await accepted({ sid: 'one' }), await accepted({ sid: 'one' })];
      await logouts.finish(first, finishing);
      await logouts.finish(second, finishing);
      await logouts.finish(second, finishing);
      expect(await messages()).toHaveLength(1);
    });

    it.each([
      ['its sid', { sid: 'one' }, 1],
      ['its subject', { subject: 'alice' }, 2],
    ])('tells the clients too when a session is ended by %s', async (_name, which, count) => {
      const told = await register('told', { backchannelLogoutUri: 'https://rp.example/logout' });
      await grant({ sid: 'one' }, told);
      await grant({ sid: 'two' }, told);
      await grant({ sid: 'three', subject: 'bob' }, told);
      await harness.sessions.end(which, { revokeTokens: false });
      expect(await messages()).toHaveLength(count);
      await harness.sessions.end(which, { revokeTokens: false });
      expect(await messages()).toHaveLength(count);
    });

    it('tells the clients too when somebody else logs in in the same browser', async () => {
      const told = await register('told', { backchannelLogoutUri: 'https://rp.example/logout' });
      await grant({ sid: 'one' }, told);
      await grant({ sid: 'two', subject: 'bob' }, told, { endsSid: 'one' });
      expect(await messages()).toMatchObject([{ target: 'told', payload: { subject: 'alice', sid: 'one' } }]);
    });
  });
}
