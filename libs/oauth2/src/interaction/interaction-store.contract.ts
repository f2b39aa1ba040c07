import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  AuthorizationRequestStore,
  NewAuthorizationRequest,
  SessionStep,
} from '../authorization/authorization-request-store.js';
import type { ClientStore, StoredClient } from '../client-store.js';
import type { Grant } from '../grant.js';
import { sampleClient } from '../testing/sample-client.js';
import { familyBucket, tokenBucket } from '../token/token-text.js';
import type { AuthorizationOutcome, TokenStore } from '../token/token-store.js';
import type { ConsentStore, NewConsent } from './consent-store.js';
import type { Interaction } from './interaction.js';
import type { LoginSessionStore, NewLoginSession } from './login-session-store.js';

/** The stores of one harness, and the same as another replica sees them. */
export type InteractionStoreHarness = {
  readonly requests: AuthorizationRequestStore;
  readonly replica: AuthorizationRequestStore;
  readonly sessions: LoginSessionStore;
  readonly consents: ConsentStore;
  readonly clients: ClientStore;
  readonly tokens: TokenStore;
  /** Milliseconds since the epoch, database clock. */
  readonly now: () => number;
  advanceClock(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

const lifetimeMs = 600_000;
const noLimit = 1_000;
const dayMs = 86_400_000;
const login = { skip: false, subject: '', sid: 's' };
const loginDecision = {
  kind: 'accepted',
  subject: 'alice',
  remember: true,
  rememberFor: 0,
  extendSession: false,
  context: { from: 'the "app" ü' },
} as const;
const consent = { skip: false, subject: 'alice', sid: 's', authTime: 1_700_000_000, consentRequestId: 'c' };

/** What every store of interactions, login sessions and consents must do. */
export function interactionStoreContract(name: string, open: () => Promise<InteractionStoreHarness>): void {
  describe(`interaction store contract: ${name}`, () => {
    let harness: InteractionStoreHarness;
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

    async function start(changes: Partial<NewAuthorizationRequest> = {}): Promise<string> {
      const id = randomBytes(32).toString('base64url');
      const request: NewAuthorizationRequest = {
        id,
        clientUid: client.uid,
        clientId: client.client.id,
        parameters: { client_id: client.client.id, state: 'a "b" <c> ü 🌍' },
        parametersHash: 'parameters-hash',
        browserHash: 'browser-hash',
        lifetimeMs,
        interaction: { stage: 'login', state: { flow: 'challenge', login } },
        ...changes,
      };
      expect(await harness.requests.insert(request, noLimit)).toBe(true);
      return id;
    }

    function newSession(changes: Partial<NewLoginSession> = {}): NewLoginSession {
      return {
        sid: `sid-${++serial}`,
        cookieHash: `cookie-${serial}`,
        subject: 'alice',
        authTime: 1_700_000_000,
        acr: 'gold',
        amr: ['pwd', 'otp'],
        lifetimeMs: dayMs,
        ...changes,
      };
    }

    const decided: Interaction = { flow: 'challenge', login, loginDecision };
    const atConsent: Interaction = { ...decided, consent };

    async function startAtConsent(session: SessionStep): Promise<string> {
      const id = await start();
      expect(await harness.requests.advance(id, { from: 'login', to: 'login-decided', state: decided })).toBe('won');
      expect(await harness.requests.finishLogin(id, { state: atConsent, session })).toBe('won');
      return id;
    }

    async function startDecided(session: SessionStep): Promise<string> {
      const id = await startAtConsent(session);
      expect(await harness.requests.advance(id, { from: 'consent', to: 'consent-decided', state: atConsent })).toBe(
        'won',
      );
      return id;
    }

    async function beginSession(changes: Partial<NewLoginSession> = {}): Promise<NewLoginSession> {
      const session = newSession(changes);
      await startAtConsent({ kind: 'begin', session });
      return session;
    }

    function outcomeOf(members: Partial<Grant> = {}, given?: Partial<NewConsent>): AuthorizationOutcome {
      const expiresAt = harness.now() + 90 * dayMs;
      const hour = harness.now() + 3_600_000;
      const grant: Grant = {
        clientId: client.client.id,
        clientUid: client.uid,
        subject: 'alice',
        scopes: ['openid', 'offline'],
        audience: [],
        accessTokenExtra: {},
        idTokenExtra: { name: 'Alice' },
        authTime: 1_700_000_000,
        ...members,
      };
      const family = { bucket: familyBucket(expiresAt), id: `family-${++serial}` };
      return {
        family: { key: family, grant, expiresAt },
        accessToken: {
          key: { bucket: tokenBucket('access_token', hour), id: `access-${serial}` },
          grant,
          family,
          lifetimeMs: 3_600_000,
        },
        ...(given !== undefined ? { consent: newConsent(given) } : {}),
      };
    }

    function newConsent(changes: Partial<NewConsent> = {}): NewConsent {
      return {
        id: `consent-${++serial}`,
        subject: 'alice',
        clientUid: client.uid,
        clientId: client.client.id,
        sid: 's',
        scopes: ['openid', 'offline'],
        audience: [],
        remembered: true,
        rememberFor: 0,
        details: {
          request: { challenge: 'c' },
          accessTokenExtra: { a: 1 },
          idTokenExtra: { name: 'Alice' },
          context: [1, null],
        },
        ...changes,
      };
    }

    /** Completes a request with a consent, in a session of its own. */
    async function grant(given: Partial<NewConsent>, members: Partial<Grant> = {}): Promise<AuthorizationOutcome> {
      const session = newSession();
      const id = await startDecided({ kind: 'begin', session });
      const outcome = outcomeOf({ sid: session.sid, ...members }, given);
      const linked =
        outcome.consent === undefined
          ? outcome
          : { ...outcome, family: withConsent(outcome.family, outcome.consent.id) };
      expect(await harness.requests.complete(id, linked)).toBe('won');
      return linked;
    }

    function withConsent(family: AuthorizationOutcome['family'], consentId: string): AuthorizationOutcome['family'] {
      return { ...family, grant: { ...family.grant, consentId } };
    }

    async function isActive({ accessToken }: AuthorizationOutcome): Promise<boolean> {
      const key = accessToken?.key;
      return key !== undefined && (await harness.tokens.findActiveAccessToken(key)) !== undefined;
    }

    describe('the steps of an interaction', () => {
      it('are found as they were stored, with the time of the step', async () => {
        const id = await start();
        expect(await harness.replica.findInteraction(id)).toMatchObject({
          id,
          parameters: { state: 'a "b" <c> ü 🌍' },
          interaction: { stage: 'login', state: { flow: 'challenge', login } },
        });
        await harness.advanceClock(5_000);
        expect(await harness.requests.advance(id, { from: 'login', to: 'login-decided', state: decided })).toBe('won');
        const found = await harness.replica.findPending(id);
        expect(found?.interaction).toMatchObject({ stage: 'login-decided', state: decided });
        expect((found?.interaction?.stageAt ?? 0) - (found?.createdAt ?? 0)).toBeGreaterThanOrEqual(5_000);
      });

      it('are taken once: of 64 parallel decisions on two replicas exactly one wins', async () => {
        const id = await start();
        const answers = await Promise.all(
          Array.from({ length: 64 }, (_, index) =>
            (index % 2 === 0 ? harness.requests : harness.replica).advance(id, {
              from: 'login',
              to: 'login-decided',
              state: { ...decided, loginDecision: { ...loginDecision, subject: `user-${index}` } },
            }),
          ),
        );
        expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
        const found = await harness.requests.findPending(id);
        const decision = found?.interaction?.state.loginDecision;
        expect(decision).toMatchObject({ subject: `user-${answers.indexOf('won')}` });
      });

      it('spend a login verifier once: of 64 parallel returns exactly one begins a session', async () => {
        const id = await start();
        await harness.requests.advance(id, { from: 'login', to: 'login-decided', state: decided });
        const sessions = Array.from({ length: 64 }, () => newSession({ subject: 'bob' }));
        const answers = await Promise.all(
          sessions.map((session, index) =>
            (index % 2 === 0 ? harness.requests : harness.replica).finishLogin(id, {
              state: atConsent,
              session: { kind: 'begin', session },
            }),
          ),
        );
        expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
        const begun = await harness.sessions.list('bob', { after: '', limit: 100 });
        expect(begun.map(({ sid }) => sid)).toEqual([sessions[answers.indexOf('won')]?.sid]);
      });

      it.each([
        ['a decision about consent before the login', 'consent', 'consent-decided'],
        ['a return from a login that is not decided', 'login-decided', 'consent'],
      ] as const)('refuse %s', async (_, from, to) => {
        const id = await start();
        expect(await harness.requests.advance(id, { from, to, state: decided })).toBe('lost');
        expect((await harness.requests.findPending(id))?.interaction?.stage).toBe('login');
      });

      it('buy nothing before consent is decided', async () => {
        const id = await startAtConsent({ kind: 'begin', session: newSession() });
        expect(await harness.requests.complete(id, outcomeOf())).toBe('lost');
        const waiting = await start();
        expect(await harness.requests.complete(waiting, outcomeOf())).toBe('lost');
      });

      it.each([
        ['expired', (_: string) => harness.advanceClock(lifetimeMs + 1)],
        ['orphaned by the removal of the client', (_: string) => harness.clients.remove(client.client.id)],
      ])('are over once %s', async (_, end) => {
        const id = await start();
        await end(id);
        expect(await harness.requests.findInteraction(id)).toBeUndefined();
        expect(await harness.requests.advance(id, { from: 'login', to: 'login-decided', state: decided })).toBe('lost');
      });

      it('leave a decided request that says where to start anew, and nothing of who decided what', async () => {
        const session = newSession();
        const id = await startDecided({ kind: 'begin', session });
        expect(await harness.requests.complete(id, outcomeOf({ sid: session.sid }))).toBe('won');
        expect(await harness.requests.findPending(id)).toBeUndefined();
        expect(await harness.requests.findInteraction(id)).toMatchObject({
          interaction: 'over',
          parameters: { client_id: client.client.id },
        });
      });

      it('are bounded per address, and for no other address', async () => {
        const request = (addressHash: string) => ({
          id: randomBytes(32).toString('base64url'),
          clientUid: client.uid,
          clientId: client.client.id,
          parameters: {},
          parametersHash: '',
          browserHash: '',
          lifetimeMs,
          addressHash,
        });
        expect(await harness.requests.insert(request('a'), noLimit, 2)).toBe(true);
        const second = request('a');
        expect(await harness.requests.insert(second, noLimit, 2)).toBe(true);
        expect(await harness.replica.insert(request('a'), noLimit, 2)).toBe(false);
        expect(await harness.requests.insert(request('b'), noLimit, 2)).toBe(true);
        await harness.requests.discard(second.id);
        expect(await harness.requests.insert(request('a'), noLimit, 2)).toBe(true);
      });
    });

    describe('login sessions', () => {
      it('begin with a login and are found by cookie, sid and subject', async () => {
        const { lifetimeMs: _lifetimeMs, cookieHash = '', ...session } = await beginSession();
        const expected = { ...session, remembered: true };
        expect(await harness.sessions.findByCookie(cookieHash)).toMatchObject(expected);
        expect(await harness.sessions.find(session.sid)).toMatchObject(expected);
        const [listed] = await harness.sessions.list('alice', { after: '', limit: 10 });
        expect(listed).toMatchObject(expected);
        expect((listed?.expiresAt ?? 0) - (listed?.createdAt ?? 0)).toBe(dayMs);
      });

      it('have no cookie when nothing shall be remembered', async () => {
        const { cookieHash: _cookieHash, ...unremembered } = newSession({ amr: [] });
        await startAtConsent({ kind: 'begin', session: unremembered });
        expect(await harness.sessions.find(unremembered.sid)).toMatchObject({ remembered: false, amr: [] });
      });

      it('take a new cookie when the subject logs in anew, and the old one is dead at once', async () => {
        const first = await beginSession();
        await beginSession({ sid: first.sid, cookieHash: 'rotated', authTime: 1_700_000_100 });
        expect(await harness.sessions.findByCookie(first.cookieHash ?? '')).toBeUndefined();
        expect(await harness.sessions.findByCookie('rotated')).toMatchObject({
          sid: first.sid,
          authTime: 1_700_000_100,
        });
      });

      it('are not taken over by another subject, nor revived', async () => {
        const first = await beginSession();
        await beginSession({ sid: first.sid, subject: 'mallory', cookieHash: 'mallory' });
        expect(await harness.sessions.findByCookie('mallory')).toBeUndefined();
        expect(await harness.sessions.find(first.sid)).toMatchObject({ subject: 'alice' });
        await harness.sessions.end({ sid: first.sid }, { revokeTokens: false });
        await beginSession({ sid: first.sid, cookieHash: 'again' });
        expect(await harness.sessions.findByCookie('again')).toBeUndefined();
      });

      it('end when somebody else logs in in the same browser', async () => {
        const first = await beginSession();
        await startAtConsent({ kind: 'begin', session: newSession({ subject: 'bob' }), endsSid: first.sid });
        expect(await harness.sessions.find(first.sid)).toBeUndefined();
      });

      it('are used while live, live longer where that is asked, and are used by nobody once ended', async () => {
        const session = await beginSession();
        const before = await harness.sessions.find(session.sid);
        await harness.advanceClock(60_000);
        await startAtConsent({ kind: 'use', sid: session.sid });
        expect((await harness.sessions.find(session.sid))?.expiresAt).toBe(before?.expiresAt);
        await startAtConsent({ kind: 'use', sid: session.sid, extendToMs: 2 * dayMs });
        const after = await harness.sessions.find(session.sid);
        expect((after?.expiresAt ?? 0) - (before?.expiresAt ?? 0)).toBeGreaterThanOrEqual(dayMs);
        await harness.sessions.end({ sid: session.sid }, { revokeTokens: false });
        const id = await start();
        await harness.requests.advance(id, { from: 'login', to: 'login-decided', state: decided });
        expect(
          await harness.requests.finishLogin(id, { state: atConsent, session: { kind: 'use', sid: session.sid } }),
        ).toBe('lost');
      });

      it('expire by the clock of the database, and are swept with what hangs on them', async () => {
        const session = await beginSession();
        await harness.advanceClock(dayMs + 1);
        expect(await harness.sessions.findByCookie(session.cookieHash ?? '')).toBeUndefined();
        expect(await harness.sessions.find(session.sid)).toBeUndefined();
        expect(await harness.sessions.list('alice', { after: '', limit: 10 })).toEqual([]);
        expect(await harness.sessions.sweep(10)).toBe(1);
        expect(await harness.sessions.sweep(10)).toBe(0);
      });

      it('issue nothing once they ended, although consent was decided before', async () => {
        const session = newSession();
        const id = await startDecided({ kind: 'begin', session });
        await harness.sessions.end({ sid: session.sid }, { revokeTokens: true });
        expect(await harness.requests.complete(id, outcomeOf({ sid: session.sid }))).toBe('lost');
      });

      it('name the clients that got tokens in them, each once', async () => {
        const session = newSession();
        const first = await startDecided({ kind: 'begin', session });
        await harness.requests.complete(first, outcomeOf({ sid: session.sid, subjectIdentifier: 'pairwise' }));
        const second = await startDecided({ kind: 'use', sid: session.sid });
        await harness.requests.complete(second, outcomeOf({ sid: session.sid, subjectIdentifier: 'pairwise' }));
        await harness.sessions.end({ sid: session.sid }, { revokeTokens: false });
        expect(await harness.sessions.clientsOf([session.sid, 'unknown'])).toEqual([
          {
            sid: session.sid,
            clientUid: client.uid,
            clientId: client.client.id,
            subject: 'alice',
            subjectIdentifier: 'pairwise',
          },
        ]);
      });

      it.each([
        [false, true],
        [true, false],
      ])('end by subject; revoking tokens %s leaves them active %s', async (revokeTokens, active) => {
        const session = newSession();
        const id = await startDecided({ kind: 'begin', session });
        const outcome = outcomeOf({ sid: session.sid });
        await harness.requests.complete(id, outcome);
        const other = await beginSession();
        const bob = await beginSession({ subject: 'bob' });
        const ended = await harness.sessions.end({ subject: 'alice' }, { revokeTokens });
        expect(ended.map(({ sid }) => sid).sort()).toEqual([session.sid, other.sid].sort());
        expect(await harness.sessions.find(session.sid)).toBeUndefined();
        expect(await harness.sessions.find(bob.sid)).toBeDefined();
        expect(await isActive(outcome)).toBe(active);
        expect(await harness.sessions.end({ subject: 'alice' }, { revokeTokens })).toEqual([]);
      });

      it('tell what was granted to whom that stood in the row: sid and consent', async () => {
        const session = newSession();
        const id = await startDecided({ kind: 'begin', session });
        const minute = harness.now() + 60_000;
        const code = {
          key: { bucket: tokenBucket('authorization_code', minute), id: `code-${++serial}` },
          redirectUri: 'https://rp.example/cb',
          redirectUriGiven: true,
          lifetimeMs: 60_000,
        };
        const outcome = outcomeOf({ sid: session.sid, consentId: 'consent', subjectIdentifier: 'pairwise' });
        await harness.requests.complete(id, { ...outcome, code });
        expect((await harness.tokens.findAuthorizationCode(code.key))?.grant).toEqual(outcome.family.grant);
      });
    });

    describe('consents', () => {
      it('are remembered for subject and client, newest first, and for nobody else', async () => {
        await grant({ scopes: ['openid'] });
        await grant({ scopes: ['photos'], audience: ['urn:photos'] });
        const found = await harness.consents.findRemembered('alice', client.uid);
        expect(found.map(({ scopes }) => scopes)).toEqual([['photos'], ['openid']]);
        expect(found[0]?.audience).toEqual(['urn:photos']);
        expect(await harness.consents.findRemembered('bob', client.uid)).toEqual([]);
        const other = await registerClient(`other-${++serial}`);
        expect(await harness.consents.findRemembered('alice', other.uid)).toEqual([]);
      });

      it('are listed as they were given, also those that are not remembered', async () => {
        const { consent: given } = await grant({ remembered: false, lifetimeMs: dayMs, sid: 'one' });
        await grant({ sid: 'two' });
        const listed = await harness.consents.list({ subject: 'alice', sid: 'one' }, { limit: 10 });
        const { lifetimeMs: _lifetimeMs, ...expected } = given ?? newConsent();
        expect(listed).toEqual([{ ...expected, handledAt: expect.any(Number) }]);
        expect(await harness.consents.findRemembered('alice', client.uid)).toHaveLength(1);
      });

      it('are listed by pages, none twice and none missing', async () => {
        for (const scope of ['a', 'b', 'c', 'd', 'e']) await grant({ scopes: [scope] });
        const first = await harness.consents.list({ subject: 'alice' }, { limit: 2 });
        const second = await harness.consents.list({ subject: 'alice' }, { limit: 2, after: first[1]?.id ?? '' });
        const third = await harness.consents.list({ subject: 'alice' }, { limit: 2, after: second[1]?.id ?? '' });
        const scopes = [first, second, third].map((page) => page.map((each) => each.scopes.join()));
        expect(scopes).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
      });

      it('end after the time they shall be remembered for', async () => {
        await grant({ rememberFor: 60, lifetimeMs: 60_000 });
        expect(await harness.consents.findRemembered('alice', client.uid)).toHaveLength(1);
        await harness.advanceClock(60_001);
        expect(await harness.consents.findRemembered('alice', client.uid)).toEqual([]);
        expect(await harness.consents.list({ subject: 'alice' }, { limit: 10 })).toEqual([]);
        expect(await harness.consents.sweep(10)).toBe(1);
      });

      it('take the place of remembered ones that they cover', async () => {
        await grant({ scopes: ['openid'] });
        await grant({ scopes: ['openid', 'photos'] });
        expect(await harness.consents.findRemembered('alice', client.uid)).toMatchObject([
          { scopes: ['openid', 'photos'] },
        ]);
        expect(await harness.consents.list({ subject: 'alice' }, { limit: 10 })).toHaveLength(2);
      });

      it.each([
        ['its id', ({ consent: given }: AuthorizationOutcome) => ({ id: given?.id ?? '' }), 1, [false, true, true]],
        ['subject and client', () => ({ subject: 'alice', clientId: client.client.id }), 2, [false, false, true]],
        ['subject', () => ({ subject: 'alice' }), 2, [false, false, true]],
        ['client', () => ({ clientId: client.client.id }), 3, [false, false, false]],
      ])('are revoked by %s, with every token that came of them', async (_, which, count, active) => {
        const outcomes = [
          await grant({ scopes: ['a'] }),
          await grant({ scopes: ['b'] }),
          await grant({ subject: 'bob' }, { subject: 'bob' }),
        ];
        const [first = outcomeOf()] = outcomes;
        expect(await harness.consents.revoke(which(first))).toBe(count);
        expect(await Promise.all(outcomes.map(isActive))).toEqual(active);
        const listed = await harness.consents.list({ subject: 'alice' }, { limit: 10 });
        expect(listed).toHaveLength(active.slice(0, 2).filter((each) => each).length);
        expect(await harness.consents.sweep(10)).toBe(count);
      });

      it('never answer for a client that was removed and registered again under the same id', async () => {
        await grant({});
        await harness.clients.remove(client.client.id);
        const again = await registerClient(client.client.id);
        expect(await harness.consents.findRemembered('alice', again.uid)).toEqual([]);
        expect(await harness.consents.list({ subject: 'alice' }, { limit: 10 })).toEqual([]);
      });
    });
  });
}
