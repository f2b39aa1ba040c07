import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  lifetimeMs,
  login,
  loginDecision,
  noLimit,
  type InteractionFixtures,
} from '../testing/interaction-fixtures.js';

/** What every store of interactions must do with their steps. */
export function interactionStepsContract({
  harness,
  client,
  start,
  newSession,
  decided,
  atConsent,
  startAtConsent,
  startDecided,
  outcomeOf,
}: InteractionFixtures): void {
  describe('the steps of an interaction', () => {
    it('are found as they were stored, with the time of the step', async () => {
      const id = await start();
      expect(await harness().replica.findInteraction(id)).toMatchObject({
        id,
        parameters: { state: 'a "b" <c> ü 🌍' },
        interaction: { stage: 'login', state: { flow: 'challenge', login } },
      });
      await harness().advanceClock(5_000);
      expect(await harness().requests.advance(id, { from: 'login', to: 'login-decided', state: decided })).toBe('won');
      const found = await harness().replica.findPending(id);
      expect(found?.interaction).toMatchObject({ stage: 'login-decided', state: decided });
      expect((found?.interaction?.stageAt ?? 0) - (found?.createdAt ?? 0)).toBeGreaterThanOrEqual(5_000);
    });

    it('are taken once: of 64 parallel decisions on two replicas exactly one wins', async () => {
      const id = await start();
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, index) =>
          (index % 2 === 0 ? harness().requests : harness().replica).advance(id, {
            from: 'login',
            to: 'login-decided',
            state: { ...decided, loginDecision: { ...loginDecision, subject: `user-${index}` } },
          }),
        ),
      );
      expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
      const found = await harness().requests.findPending(id);
      const decision = found?.interaction?.state.loginDecision;
      expect(decision).toMatchObject({ subject: `user-${answers.indexOf('won')}` });
    });

    it('spend a login verifier once: of 64 parallel returns exactly one begins a session', async () => {
      const id = await start();
      await harness().requests.advance(id, { from: 'login', to: 'login-decided', state: decided });
      const sessions = Array.from({ length: 64 }, () => newSession({ subject: 'bob' }));
      const answers = await Promise.all(
        sessions.map((session, index) =>
          (index % 2 === 0 ? harness().requests : harness().replica).finishLogin(id, {
            state: atConsent,
            session: { kind: 'begin', session },
          }),
        ),
      );
      expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
      const begun = await harness().sessions.list('bob', { after: '', limit: 100 });
      expect(begun.map(({ sid }) => sid)).toEqual([sessions[answers.indexOf('won')]?.sid]);
    });

    it.each([
      ['a decision about consent before the login', 'consent', 'consent-decided'],
      ['a return from a login that is not decided', 'login-decided', 'consent'],
    ] as const)('refuse %s', async (_, from, to) => {
      const id = await start();
      expect(await harness().requests.advance(id, { from, to, state: decided })).toBe('lost');
      expect((await harness().requests.findPending(id))?.interaction?.stage).toBe('login');
    });

    it('buy nothing before consent is decided', async () => {
      const id = await startAtConsent({ kind: 'begin', session: newSession() });
      expect(await harness().requests.complete(id, outcomeOf())).toBe('lost');
      const waiting = await start();
      expect(await harness().requests.complete(waiting, outcomeOf())).toBe('lost');
    });

    it.each([
      ['expired', (_: string) => harness().advanceClock(lifetimeMs + 1)],
      ['orphaned by the removal of the client', (_: string) => harness().clients.remove(client().client.id)],
    ])('are over once %s', async (_, end) => {
      const id = await start();
      await end(id);
      expect(await harness().requests.findInteraction(id)).toBeUndefined();
      expect(await harness().requests.advance(id, { from: 'login', to: 'login-decided', state: decided })).toBe('lost');
    });

    it('leave a decided request that says where to start anew, and nothing of who decided what', async () => {
      const session = newSession();
      const id = await startDecided({ kind: 'begin', session });
      expect(await harness().requests.complete(id, outcomeOf({ sid: session.sid }))).toBe('won');
      expect(await harness().requests.findPending(id)).toBeUndefined();
      expect(await harness().requests.findInteraction(id)).toMatchObject({
        interaction: 'over',
        parameters: { client_id: client().client.id },
      });
    });

    it('are bounded per address, and for no other address', async () => {
      const request = (addressHash: string) => ({
        id: randomBytes(32).toString('base64url'),
        clientUid: client().uid,
        clientId: client().client.id,
        parameters: {},
        parametersHash: '',
        browserHash: '',
        lifetimeMs,
        addressHash,
      });
      expect(await harness().requests.insert(request('a'), noLimit, 2)).toBe(true);
      const second = request('a');
      expect(await harness().requests.insert(second, noLimit, 2)).toBe(true);
      expect(await harness().replica.insert(request('a'), noLimit, 2)).toBe(false);
      expect(await harness().requests.insert(request('b'), noLimit, 2)).toBe(true);
      await harness().requests.discard(second.id);
      expect(await harness().requests.insert(request('a'), noLimit, 2)).toBe(true);
    });
  });
}
