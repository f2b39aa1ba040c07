import { basicCredentials } from '../basic-credentials.js';
import type { HttpClient } from '../http-client.js';
import { members } from '../json.js';
import { printable } from '../terminal.js';
import type { AuthorizationRequest } from './authorization-request.js';

/** What a token response gave. Absent tokens are empty texts. */
export type IssuedTokens = {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
  readonly expiresAt: Date;
};

export type TokenEndpoint = {
  readonly http: HttpClient;
  readonly url: string;
  readonly clientId: string;
  /** Empty for a public client, which names itself in the body (RFC 6749, section 3.2.1). */
  readonly clientSecret: string;
};

/** Exchanges an authorization code (RFC 6749, section 4.1.3). Throws an Error with the server's answer when it refuses. */
export async function exchangeCode(
  endpoint: TokenEndpoint,
  request: AuthorizationRequest,
  code: string,
): Promise<IssuedTokens> {
  return readTokens(await requestTokens(endpoint, request, code));
}

/** Exchanges an authorization code for the token response as it is. Throws as `exchangeCode`. */
export async function requestTokens(
  endpoint: TokenEndpoint,
  request: AuthorizationRequest,
  code: string,
): Promise<Record<string, unknown>> {
  const isPublic = endpoint.clientSecret === '';
  const answer = await endpoint.http({
    method: 'POST',
    url: endpoint.url,
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(isPublic ? {} : { Authorization: basicCredentials(endpoint.clientId, endpoint.clientSecret) }),
    },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: request.redirectUri,
      code_verifier: request.codeVerifier,
      ...(isPublic ? { client_id: endpoint.clientId } : {}),
    }).toString(),
  });
  if (answer.status !== 200) {
    throw new Error(`oauth2: cannot fetch token: ${answer.status}\nResponse: ${printable(answer.body).trimEnd()}`);
  }
  const tokens = members(JSON.parse(answer.body));
  if (typeof tokens['access_token'] !== 'string' || tokens['access_token'] === '') {
    throw new Error('oauth2: server response missing access_token');
  }
  return tokens;
}

function readTokens(answer: Record<string, unknown>): IssuedTokens {
  const read = (name: string): string => (typeof answer[name] === 'string' ? printable(answer[name]) : '');
  const accessToken = read('access_token');
  const lifetime = typeof answer['expires_in'] === 'number' ? answer['expires_in'] : 0;
  return {
    accessToken,
    refreshToken: read('refresh_token'),
    idToken: read('id_token'),
    expiresAt: new Date(Date.now() + lifetime * 1000),
  };
}

/** The tokens as they are printed in the terminal. */
export function tokensText(tokens: IssuedTokens): string {
  const idToken = tokens.idToken !== '' ? `ID Token:\n\t${tokens.idToken}\n\n` : '';
  return (
    `Access Token:\n\t${tokens.accessToken}\nRefresh Token:\n\t${tokens.refreshToken}\n\n` +
    `Expires in:\n\t${timestamp(tokens.expiresAt)}\n\n${idToken}`
  );
}

/** A time as `2017-06-30 01:26:34.1 +0000 UTC`. */
export function timestamp(time: Date): string {
  const [date, clock] = time.toISOString().slice(0, -1).split('T');
  return `${date} ${clock?.replace(/\.?0+$/, '')} +0000 UTC`;
}
