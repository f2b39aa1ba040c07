import { createHash, randomBytes, randomInt } from 'node:crypto';

/** One authorization code request (RFC 6749, section 4.1.1) with PKCE (RFC 7636) and what its answer is judged by. */
export type AuthorizationRequest = {
  readonly url: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly codeVerifier: string;
};

export type AuthorizationRequestOptions = {
  readonly authorizationEndpoint: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
};

/** Makes a request with fresh state, nonce and code verifier. The endpoint's own query is kept. */
export function createAuthorizationRequest(options: AuthorizationRequestOptions): AuthorizationRequest {
  const state = randomLetters(24);
  const codeVerifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: options.clientId,
    redirect_uri: options.redirectUri,
    response_type: 'code',
    scope: options.scopes.join(' '),
    state,
    nonce: randomLetters(24),
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const separator = options.authorizationEndpoint.includes('?') ? '&' : '?';
  return {
    url: `${options.authorizationEndpoint}${separator}${query.toString()}`,
    redirectUri: options.redirectUri,
    state,
    codeVerifier,
  };
}

function randomLetters(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(97 + randomInt(26))).join('');
}
