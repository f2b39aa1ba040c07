import { Browser } from '../http.js';
import { challengeIn, locationOf } from '../hydra-sdk.js';
import type { Product } from '../product.js';
import type { DocumentedApi } from './documented-api.js';

const callback = 'https://rp.example/cb';
const inChallenges = ['openid', 'offline'];

/** The walk of browsers through login and consent, by the operations of the two documents. */
export function loginWalk(product: Product, admin: DocumentedApi, bearer: string) {
  function authorizationUrl(clientId: string, changes: Readonly<Record<string, string>> = {}): string {
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: callback,
      response_type: 'code',
      scope: inChallenges.join(' '),
      state: 'a-state-of-the-rp',
      ...changes,
    });
    return `${product.publicUrl}/oauth2/auth?${query}`;
  }

  async function loginChallenge(browser = new Browser()): Promise<string> {
    return challengeIn(await locationOf(browser, authorizationUrl('rp')), 'login_challenge');
  }

  async function consentChallenge(browser = new Browser(), subject = 'alice'): Promise<string> {
    const accepted = await admin.call('acceptLoginRequest', {
      query: { login_challenge: await loginChallenge(browser) },
      json: { subject, remember: true, remember_for: 3600, acr: 'gold', amr: ['pwd'], context: { team: 'red' } },
      bearer,
    });
    return challengeIn(await locationOf(browser, redirectTo(accepted.text)), 'consent_challenge');
  }

  return {
    callback,
    authorizationUrl,
    loginChallenge,
    consentChallenge,

    /** The ID of a consent request, as apps of Hydra 0.10 are told it. */
    async consentRequest(): Promise<string> {
      return challengeIn(await locationOf(new Browser(), authorizationUrl('old')), 'consent');
    },

    /** Grants all that was asked for, and answers the code that the client gets. */
    async code(browser = new Browser(), subject = 'alice'): Promise<string> {
      const granted = await admin.call('acceptConsentRequest', {
        query: { consent_challenge: await consentChallenge(browser, subject) },
        json: {
          grant_scope: inChallenges,
          remember: true,
          remember_for: 0,
          session: { access_token: { department: 'sales' }, id_token: { name: 'Alice' } },
        },
        bearer,
      });
      return challengeIn(await locationOf(browser, redirectTo(granted.text)), 'code');
    },

    /** The challenge of a logout that a browser asks for. */
    async logoutChallenge(browser: Browser): Promise<string> {
      return challengeIn(await locationOf(browser, `${product.publicUrl}/oauth2/sessions/logout`), 'logout_challenge');
    },
  };
}

export type LoginWalk = ReturnType<typeof loginWalk>;

/** Where an answer sends the browser. */
export function redirectTo(text: string): string {
  return (JSON.parse(text) as { redirect_to: string }).redirect_to;
}
