import { Agent } from 'node:https';
import { Configuration, OAuth2Api } from '@ory/hydra-client';
import type { Browser } from './http.js';
import { type Product, rootToken } from './product.js';

/** The SDK of Hydra as a login and consent app has it: with an access token, which is the one difference. */
export async function hydraSdk(product: Product): Promise<OAuth2Api> {
  return new OAuth2Api(
    new Configuration({
      basePath: product.adminUrl,
      // The SDK knows no security of these calls: the token is a header. Statuses are the test's to judge.
      baseOptions: {
        headers: { Authorization: `Bearer ${await rootToken(product)}` },
        httpsAgent: new Agent({ rejectUnauthorized: false }),
        validateStatus: () => true,
      },
    }),
  );
}

/** A login that a browser went through. */
export type LoggedIn = { readonly idToken: string; readonly sid: string };

/** Logs a subject in at a client through the challenges, as the app does it, and answers the client's ID token. */
export async function logInWithSdk(
  product: Product,
  browser: Browser,
  api: OAuth2Api,
  login: {
    readonly clientId: string;
    readonly redirectUri: string;
    readonly subject: string;
    readonly remember?: boolean;
  },
): Promise<LoggedIn> {
  const query = new URLSearchParams({
    client_id: login.clientId,
    redirect_uri: login.redirectUri,
    response_type: 'id_token',
    scope: 'openid',
    state: 'state-of-this-login',
    nonce: 'nonce-of-this-login',
  });
  const atLogin = await locationOf(browser, `${product.publicUrl}/oauth2/auth?${query}`);
  const accepted = await api.acceptOAuth2LoginRequest({
    loginChallenge: challengeIn(atLogin, 'login_challenge'),
    acceptOAuth2LoginRequest: { subject: login.subject, remember: login.remember ?? true, remember_for: 3600 },
  });
  const atConsent = await locationOf(browser, accepted.data.redirect_to);
  const granted = await api.acceptOAuth2ConsentRequest({
    consentChallenge: challengeIn(atConsent, 'consent_challenge'),
    acceptOAuth2ConsentRequest: { grant_scope: ['openid'] },
  });
  const back = await locationOf(browser, granted.data.redirect_to);
  const idToken = new URLSearchParams(new URL(back).hash.slice(1)).get('id_token') ?? '';
  const claims = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString() || '{}') as {
    sid?: string;
  };
  return { idToken, sid: claims.sid ?? '' };
}

/** The challenge that a URL of the app carries. Throws when there is none. */
export function challengeIn(url: string, name: string): string {
  const challenge = new URL(url).searchParams.get(name);
  if (challenge === null) throw new Error(`no ${name} in ${url}`);
  return challenge;
}

/** Where a browser is sent from a URL. Throws when it is shown something instead. */
export async function locationOf(browser: Browser, url: string): Promise<string> {
  const answer = await browser.send(url);
  const { location } = answer.headers;
  if (location === undefined) throw new Error(`${url} answers ${answer.status}: ${answer.text}`);
  return location;
}
