import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect } from 'vitest';
import type {
  AuthorizationRequestStore,
  NewAuthorizationRequest,
  SessionStep,
} from '../authorization/authorization-request-store.js';
import type { ClientStore, StoredClient } from '../client-store.js';
import type { Grant } from '../grant.js';
import type { ConsentStore, NewConsent } from '../interaction/consent-store.js';
import type { Interaction } from '../interaction/interaction.js';
import type { LoginSessionStore, NewLoginSession } from '../interaction/login-session-store.js';
import { familyBucket, tokenBucket } from '../token/token-text.js';
import type { AuthorizationOutcome, TokenStore } from '../token/token-store.js';
import { sampleClient } from './sample-client.js';

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

export const lifetimeMs = 600_000;
export const noLimit = 1_000;
export const dayMs = 86_400_000;
export const login = { skip: false, subject: '', sid: 's' };
export const loginDecision = {
  kind: 'accepted',
  subject: 'alice',
  remember: true,
  rememberFor: 0,
  extendSession: false,
  context: { from: 'the "app" ü' },
} as const;
const consent = { skip: false, subject: 'alice', sid: 's', authTime: 1_700_000_000, consentRequestId: 'c' };

/** What rows about interactions are made of. */
export type InteractionFixtures = ReturnType<typeof interactionFixtures>;

/** Opens a harness for each row, with a client of its own, and closes it after. */
export function interactionFixtures(open: () => Promise<InteractionStoreHarness>) {
  let current: { readonly harness: InteractionStoreHarness; readonly client?: StoredClient } | undefined;
  let serial = 0;
  const nextSerial = (): number => ++serial;

  function harness(): InteractionStoreHarness {
    if (current === undefined) throw new Error('the harness is not open');
    return current.harness;
  }

  function client(): StoredClient {
    if (current?.client === undefined) throw new Error('the client is not registered');
    return current.client;
  }

  beforeEach(async () => {
    current = { harness: await open() };
    current = { ...current, client: await registerClient(`client-${nextSerial()}`) };
  });

  afterEach(() => harness().close());

  async function registerClient(id: string): Promise<StoredClient> {
    await harness().clients.insert(sampleClient({ id }), undefined);
    const stored = await harness().clients.find(id);
    if (stored === undefined) throw new Error('the client was not stored');
    return stored;
  }

  async function start(changes: Partial<NewAuthorizationRequest> = {}): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    const request: NewAuthorizationRequest = {
      id,
      clientUid: client().uid,
      clientId: client().client.id,
      parameters: { client_id: client().client.id, state: 'a "b" <c> ü 🌍' },
      parametersHash: 'parameters-hash',
      browserHash: 'browser-hash',
      lifetimeMs,
      interaction: { stage: 'login', state: { flow: 'challenge', login } },
      ...changes,
    };
    expect(await harness().requests.insert(request, noLimit)).toBe(true);
    return id;
  }

  function newSession(changes: Partial<NewLoginSession> = {}): NewLoginSession {
    return {
      sid: `sid-${nextSerial()}`,
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
    expect(await harness().requests.advance(id, { from: 'login', to: 'login-decided', state: decided })).toBe('won');
    expect(await harness().requests.finishLogin(id, { state: atConsent, session })).toBe('won');
    return id;
  }

  async function startDecided(session: SessionStep): Promise<string> {
    const id = await startAtConsent(session);
    expect(await harness().requests.advance(id, { from: 'consent', to: 'consent-decided', state: atConsent })).toBe(
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
    const expiresAt = harness().now() + 90 * dayMs;
    const hour = harness().now() + 3_600_000;
    const grant: Grant = {
      clientId: client().client.id,
      clientUid: client().uid,
      subject: 'alice',
      scopes: ['openid', 'offline'],
      audience: [],
      accessTokenExtra: {},
      idTokenExtra: { name: 'Alice' },
      authTime: 1_700_000_000,
      ...members,
    };
    const family = { bucket: familyBucket(expiresAt), id: `family-${nextSerial()}` };
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
      id: `consent-${nextSerial()}`,
      subject: 'alice',
      clientUid: client().uid,
      clientId: client().client.id,
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
      outcome.consent === undefined ? outcome : { ...outcome, family: withConsent(outcome.family, outcome.consent.id) };
    expect(await harness().requests.complete(id, linked)).toBe('won');
    return linked;
  }

  function withConsent(family: AuthorizationOutcome['family'], consentId: string): AuthorizationOutcome['family'] {
    return { ...family, grant: { ...family.grant, consentId } };
  }

  async function isActive({ accessToken }: AuthorizationOutcome): Promise<boolean> {
    const key = accessToken?.key;
    return key !== undefined && (await harness().tokens.findActiveAccessToken(key)) !== undefined;
  }

  return {
    harness,
    client,
    nextSerial,
    registerClient,
    start,
    newSession,
    decided,
    atConsent,
    startAtConsent,
    startDecided,
    beginSession,
    outcomeOf,
    newConsent,
    grant,
    isActive,
  };
}
