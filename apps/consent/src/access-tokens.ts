import { createClientCredentials, LoginConsentError, type TokenSource } from '@castellan/sdk/login-consent';
import type { ConsentConfig } from './consent.config.js';
import { badGateway } from './failure.js';
import type { HttpClient } from './http-client.js';

/** Access tokens of this app's client with a scope. `get` rejects with a Failure that can be shown. */
export function createAccessTokens(
  { serverUrl, clientId, clientSecret }: ConsentConfig,
  { scope, http, now }: { readonly scope: string; readonly http: HttpClient; readonly now: () => number },
): TokenSource {
  const source = createClientCredentials({
    tokenUrl: `${serverUrl}/oauth2/token`,
    clientId,
    clientSecret,
    scope,
    now,
    fetch: (url, init) => http.fetch(url, init),
  });
  return {
    forget: () => source.forget(),
    async get() {
      try {
        return await source.get();
      } catch (error) {
        if (!(error instanceof LoginConsentError)) throw error;
        if (error.kind === 'unauthorized') throw badGateway('credentialsRefused', { client: clientId }, error);
        if (error.status === 0) throw badGateway('unreachable', {}, error);
        throw badGateway('noAccessToken', { client: clientId, scope, status: String(error.status) }, error);
      }
    },
  };
}
