import { createHash, randomBytes, randomInt } from 'node:crypto';

/** One authorization code request (RFC 6749, section 4.1.1) with PKCE (RFC 7636) and what its answer is judged by. */
export type AuthorizationRequest = {
  readonly url: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
};

export type AuthorizationRequestOptions = {
  readonly authorizationEndpoint: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** Resource indicators (RFC 8707). */
  readonly resources?: readonly string[];
  /** OpenID Connect Core section 3.1.2.1; empty as absent. */
  readonly prompt?: string;
  readonly maxAge?: string;
};

/** Makes a request with fresh state, nonce and code verifier. The endpoint's own query is kept. */
export function createAuthorizationRequest(options: AuthorizationRequestOptions): AuthorizationRequest {
  const state = randomLetters(24);
  const codeVerifier = randomBytes(32).toString('base64url');
  const nonce = randomLetters(24);
  const query = new URLSearchParams({
    client_id: options.clientId,
    redirect_uri: options.redirectUri,
    response_type: 'code',
    scope: options.scopes.join(' '),
    state,
    nonce,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(options.prompt ? { prompt: options.prompt } : {}),
    ...(options.maxAge ? { max_age: options.maxAge } : {}),
  });
  for (const resource of options.resources ?? []) query.append('resource', resource);
  const separator = options.authorizationEndpoint.includes('?') ? '&' : '?';
  return {
    url: `${options.authorizationEndpoint}${separator}${query.toString()}`,
    redirectUri: options.redirectUri,
    state,
    codeVerifier,
    nonce,
  };
}

function randomLetters(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(97 + randomInt(26))).join('');
}
