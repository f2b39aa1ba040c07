import type { OAuth2Api } from '@ory/hydra-client';
import { expect } from 'vitest';
import { Browser } from '../http.js';
import { challengeIn, locationOf } from '../hydra-sdk.js';
import { authorizationUrl, callback, type CallbackResponse, callbackOf, standardClaims, type Suite } from './suite.js';

/** Where the login and consent app of the conformance guide stands. */
export const app = {
  login: 'https://login.example/login',
  consent: 'https://login.example/consent',
  logout: 'https://login.example/logout',
};

/** A browser that keeps its session, and the app that its user meets. */
export type Session = { readonly suite: Suite; readonly api: OAuth2Api; readonly browser: Browser };

/** What came to the callback, and what the user had to do for it. */
export type Played = {
  readonly response: CallbackResponse;
  readonly loggedIn: boolean;
  readonly consented: boolean;
  /** The `login_hint` that the app was told. */
  readonly loginHint?: string | undefined;
};

/** Opens an authorization request; the user logs in and consents where the app is not told to skip that, and is remembered. */
export async function authorizeInSession(session: Session, request: Record<string, string>): Promise<Played> {
  const { suite, api, browser } = session;
  const first = await browser.send(authorizationUrl(suite, request));
  const atOnce = responseAtCallback(first);
  if (atOnce !== undefined) return { response: atOnce, loggedIn: false, consented: false };
  const loginChallenge = challengeIn(first.headers.location ?? '', 'login_challenge');
  const { data: login } = await api.getOAuth2LoginRequest({ loginChallenge });
  const accepted = await api.acceptOAuth2LoginRequest({
    loginChallenge,
    acceptOAuth2LoginRequest: { subject: login.skip ? login.subject : 'alice', remember: true, remember_for: 3600 },
  });
  const consentChallenge = challengeIn(await locationOf(browser, accepted.data.redirect_to), 'consent_challenge');
  const { data: consent } = await api.getOAuth2ConsentRequest({ consentChallenge });
  const granted = await api.acceptOAuth2ConsentRequest({
    consentChallenge,
    acceptOAuth2ConsentRequest: {
      grant_scope: consent.requested_scope ?? [],
      remember: true,
      remember_for: 3600,
      session: { id_token: standardClaims },
    },
  });
  const response = responseAtCallback(await browser.send(granted.data.redirect_to));
  expect(response).toBeDefined();
  return {
    response: response ?? neverCame(),
    loggedIn: !login.skip,
    consented: consent.skip !== true,
    loginHint: login.oidc_context?.login_hint,
  };
}

function responseAtCallback(answer: Parameters<typeof callbackOf>[0]): CallbackResponse | undefined {
  const response = callbackOf(answer);
  return response !== undefined && response.url.href.startsWith(callback) ? response : undefined;
}

function neverCame(): never {
  throw new Error('no callback');
}
