import { describe, expect, it } from 'vitest';
import { tokenBucket } from '../token/token-text.js';
import { dayMs, type InteractionFixtures } from '../testing/interaction-fixtures.js';

/** What every store of login sessions must do. */
export function loginSessionStoreContract({
  harness,
  client,
  nextSerial,
  start,
  newSession,
  decided,
  atConsent,
  startAtConsent,
  startDecided,
  beginSession,
  outcomeOf,
  isActive,
}: InteractionFixtures): void {
  describe('login sessions', () => {
    it('begin with a login and are found by cookie, sid and subject', async () => {
      const { lifetimeMs: _lifetimeMs, cookieHash = '', ...session } = await beginSession();
      const expected = { ...session, remembered: true };
      expect(await harness().sessions.findByCookie(cookieHash)).toMatchObject(expected);
      expect(await harness().sessions.find(session.sid)).toMatchObject(expected);
      const [listed] = await harness().sessions.list('alice', { after: '', limit: 10 });
      expect(listed).toMatchObject(expected);
      expect((listed?.expiresAt ?? 0) - (listed?.createdAt ?? 0)).toBe(dayMs);
    });

    it('have no cookie when nothing shall be remembered', async () => {
      const { cookieHash: _cookieHash, ...unremembered } = newSession({ amr: [] });
      await startAtConsent({ kind: 'begin', session: unremembered });
      expect(await harness().sessions.find(unremembered.sid)).toMatchObject({ remembered: false, amr: [] });
    });

    it('take a new cookie when the subject logs in anew, and the old one is dead at once', async () => {
      const first = await beginSession();
      await beginSession({ sid: first.sid, cookieHash: 'rotated', authTime: 1_700_000_100 });
      expect(await harness().sessions.findByCookie(first.cookieHash ?? '')).toBeUndefined();
      expect(await harness().sessions.findByCookie('rotated')).toMatchObject({
        sid: first.sid,
        authTime: 1_700_000_100,
      });
    });

    it('are not taken over by another subject, nor revived', async () => {
      const first = await beginSession();
      await beginSession({ sid: first.sid, subject: 'mallory', cookieHash: 'mallory' });
      expect(await harness().sessions.findByCookie('mallory')).toBeUndefined();
      expect(await harness().sessions.find(first.sid)).toMatchObject({ subject: 'alice' });
      await harness().sessions.end({ sid: first.sid }, { revokeTokens: false });
      await beginSession({ sid: first.sid, cookieHash: 'again' });
      expect(await harness().sessions.findByCookie('again')).toBeUndefined();
    });

    it('end when somebody else logs in in the same browser', async () => {
      const first = await beginSession();
      await startAtConsent({ kind: 'begin', session: newSession({ subject: 'bob' }), endsSid: first.sid });
      expect(await harness().sessions.find(first.sid)).toBeUndefined();
    });

    it('are used while live, live longer where that is asked, and are used by nobody once ended', async () => {
      const session = await beginSession();
      const before = await harness().sessions.find(session.sid);
      await harness().advanceClock(60_000);
      await startAtConsent({ kind: 'use', sid: session.sid });
      expect((await harness().sessions.find(session.sid))?.expiresAt).toBe(before?.expiresAt);
      await startAtConsent({ kind: 'use', sid: session.sid, extendToMs: 2 * dayMs });
      const after = await harness().sessions.find(session.sid);
      expect((after?.expiresAt ?? 0) - (before?.expiresAt ?? 0)).toBeGreaterThanOrEqual(dayMs);
      await harness().sessions.end({ sid: session.sid }, { revokeTokens: false });
      const id = await start();
      await harness().requests.advance(id, { from: 'login', to: 'login-decided', state: decided });
      expect(
        await harness().requests.finishLogin(id, { state: atConsent, session: { kind: 'use', sid: session.sid } }),
      ).toBe('lost');
    });

    it('expire by the clock of the database, and are swept with what hangs on them', async () => {
      const session = await beginSession();
      await harness().advanceClock(dayMs + 1);
      expect(await harness().sessions.findByCookie(session.cookieHash ?? '')).toBeUndefined();
      expect(await harness().sessions.find(session.sid)).toBeUndefined();
      expect(await harness().sessions.list('alice', { after: '', limit: 10 })).toEqual([]);
      expect(await harness().sessions.sweep(10)).toBe(1);
      expect(await harness().sessions.sweep(10)).toBe(0);
    });

    it('issue nothing once they ended, although consent was decided before', async () => {
      const session = newSession();
      const id = await startDecided({ kind: 'begin', session });
      await harness().sessions.end({ sid: session.sid }, { revokeTokens: true });
      expect(await harness().requests.complete(id, outcomeOf({ sid: session.sid }))).toBe('lost');
    });

    it('issue nothing once they ended, while others of the same moment do', async () => {
      const [ended, ...live] = [newSession(), newSession(), newSession()];
      const requests: { id: string; sid: string }[] = [];
      for (const session of [ended, ...live, ...live].filter((one) => one !== undefined)) {
        const isBegun = requests.some(({ sid }) => sid === session.sid);
        const step = isBegun ? ({ kind: 'use', sid: session.sid } as const) : ({ kind: 'begin', session } as const);
        requests.push({ id: await startDecided(step), sid: session.sid });
      }
      await harness().sessions.end({ sid: ended?.sid ?? '' }, { revokeTokens: true });
      const answers = await Promise.all(
        requests.map(({ id, sid }) => harness().requests.complete(id, outcomeOf({ sid, subjectIdentifier: 'alice' }))),
      );
      expect(answers).toEqual(['lost', 'won', 'won', 'won', 'won']);
    });

    it('name the clients that got tokens in them, each once', async () => {
      const session = newSession();
      const first = await startDecided({ kind: 'begin', session });
      await harness().requests.complete(first, outcomeOf({ sid: session.sid, subjectIdentifier: 'pairwise' }));
      const second = await startDecided({ kind: 'use', sid: session.sid });
      await harness().requests.complete(second, outcomeOf({ sid: session.sid, subjectIdentifier: 'pairwise' }));
      await harness().sessions.end({ sid: session.sid }, { revokeTokens: false });
      expect(await harness().sessions.clientsOf([session.sid, 'unknown'])).toEqual([
        {
          sid: session.sid,
          clientUid: client().uid,
          clientId: client().client.id,
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
      await harness().requests.complete(id, outcome);
      const other = await beginSession();
      const bob = await beginSession({ subject: 'bob' });
      const ended = await harness().sessions.end({ subject: 'alice' }, { revokeTokens });
      expect(ended.map(({ sid }) => sid).sort()).toEqual([session.sid, other.sid].sort());
      expect(await harness().sessions.find(session.sid)).toBeUndefined();
      expect(await harness().sessions.find(bob.sid)).toBeDefined();
      expect(await isActive(outcome)).toBe(active);
      expect(await harness().sessions.end({ subject: 'alice' }, { revokeTokens })).toEqual([]);
    });

    it('tell what was granted to whom that stood in the row: sid and consent', async () => {
      const session = newSession();
      const id = await startDecided({ kind: 'begin', session });
      const minute = harness().now() + 60_000;
      const code = {
        key: { bucket: tokenBucket('authorization_code', minute), id: `code-${nextSerial()}` },
        redirectUri: 'https://rp.example/cb',
        redirectUriGiven: true,
        lifetimeMs: 60_000,
      };
      const outcome = outcomeOf({ sid: session.sid, consentId: 'consent', subjectIdentifier: 'pairwise' });
      await harness().requests.complete(id, { ...outcome, code });
      expect((await harness().tokens.findAuthorizationCode(code.key))?.grant).toEqual(outcome.family.grant);
    });
  });
}
