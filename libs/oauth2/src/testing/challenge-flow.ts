import { beforeEach, expect } from 'vitest';
import type { AuthorizationSettings, AuthorizeOutcome } from '../authorization/flow.js';
import type { Client } from '../client.js';
import type { DecisionOutcome, DecisionTools } from '../interaction/decide.js';
import { acceptConsent, findConsentRequest } from '../interaction/decide-consent.js';
import { acceptLogin, findLoginRequest } from '../interaction/decide-login.js';
import {
  type AuthorizationHarness,
  callback,
  createAuthorizationHarness,
  loginUrl,
  responseOf,
  startTime,
  validRequest,
} from './authorization-harness.js';

export const seconds = startTime / 1000;
export const dayMs = 86_400_000;
export const remembered = { login: { remember: true }, consent: { remember: true } };

export type Browser = ReturnType<AuthorizationHarness['openBrowser']>;
type Changes = { readonly [name: string]: string | undefined };
type Login = Parameters<typeof acceptLogin>[1];
type Consent = Parameters<typeof acceptConsent>[1];

/** The challenge flow with a browser and the apps that decide, for the tests of one file; each test begins it anew. */
export type ChallengeFlow = ReturnType<typeof useChallengeFlow>;

/** Begins the flow before each test of the file that calls this. */
export function useChallengeFlow() {
  let harness: AuthorizationHarness;
  let browser: Browser;
  const flow = {
    get harness(): AuthorizationHarness {
      return harness;
    },
    get browser(): Browser {
      return browser;
    },
    /** Begins anew with other settings or another client. */
    async open(settings: Partial<AuthorizationSettings> = {}, client: Partial<Client> = {}): Promise<void> {
      harness = await createAuthorizationHarness({ flow: 'challenge', ...settings });
      await harness.register({
        redirectUris: [callback],
        scopes: ['openid', 'offline', 'photos'],
        tokens: { audience: ['urn:photos', 'urn:mail'] },
        ...client,
      });
      await harness.resourceServers.put({ id: 'photos', uri: 'urn:photos', name: 'Photos', scopes: [] });
      browser = harness.openBrowser();
    },
    tools: (): DecisionTools => harness.tools,
    start: (changes: Changes = {}, from = browser): Promise<AuthorizeOutcome> =>
      from.start({ ...validRequest, ...changes }),
    async login(challenge: string, changes: Partial<Login> = {}): Promise<string> {
      const accepted = { subject: 'alice', remember: false, rememberFor: 0, extendSession: false, ...changes };
      return redirectOf(await acceptLogin(challenge, accepted, harness.tools));
    },
    async consent(challenge: string, changes: Partial<Consent> = {}): Promise<string> {
      return redirectOf(await acceptConsent(challenge, consentOf(changes), harness.tools));
    },
    /** The whole way of a user who logs in and grants. */
    async run(
      options: {
        readonly request?: Changes;
        readonly login?: Partial<Login>;
        readonly consent?: Partial<Consent>;
        readonly from?: Browser;
      } = {},
    ): Promise<AuthorizeOutcome> {
      const from = options.from ?? browser;
      const challenge = loginChallenge(await flow.start(options.request, from));
      const atConsent = await from.follow(await flow.login(challenge, options.login));
      if (atConsent.kind !== 'to-consent') return atConsent;
      return from.follow(await flow.consent(sentWith(atConsent, 'consent_challenge'), options.consent));
    },
    async loginRequest(challenge: string) {
      const found = await findLoginRequest(challenge, harness.tools);
      if (found.kind !== 'waiting') throw new Error(found.kind);
      return found.request;
    },
    async consentRequest(challenge: string) {
      const found = await findConsentRequest(challenge, 'consent_challenge', harness.tools);
      if (found.kind !== 'waiting') throw new Error(found.kind);
      return found;
    },
    async grantOf(outcome: AuthorizeOutcome) {
      expect(outcome.kind).toBe('to-client');
      return (await harness.findCode(responseOf(outcome)['code']))?.grant;
    },
  };
  beforeEach(() => flow.open());
  return flow;
}

/** A parameter of the URL that an outcome sends the browser to. */
export function sentWith(outcome: AuthorizeOutcome, name: string): string {
  if (outcome.kind === 'error-page') throw outcome.error;
  return new URL(outcome.location).searchParams.get(name) ?? '';
}

export function loginChallenge(outcome: AuthorizeOutcome): string {
  expect('location' in outcome && outcome.location).toContain(`${loginUrl}?login_challenge=`);
  return sentWith(outcome, 'login_challenge');
}

export function redirectOf(outcome: DecisionOutcome): string {
  if (outcome.kind !== 'decided') throw new Error(`not decided but ${outcome.kind}`);
  return outcome.redirectTo;
}

export function consentOf(changes: Partial<Consent> = {}): Consent {
  return {
    name: 'consent_challenge',
    scopes: ['openid', 'offline'],
    audience: [],
    accessTokenExtra: { a: 1 },
    idTokenExtra: { name: 'Alice' },
    remember: false,
    rememberFor: 0,
    ...changes,
  };
}

export function errorOf(outcome: AuthorizeOutcome): string | undefined {
  return outcome.kind === 'error-page' ? `page: ${outcome.error.code}` : responseOf(outcome)['error'];
}
