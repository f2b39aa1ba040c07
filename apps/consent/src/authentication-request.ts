import { z } from 'zod';
import type { LoginHints } from './connectors/connector.js';

/** What an authorization request asks of login and consent pages (OpenID Connect Core sections 3.1.2.1 and 5.5). */
export type AuthenticationRequest = LoginHints & {
  readonly redirectUri?: string;
  /** Claims that are asked for by name, for the ID token or for userinfo. */
  readonly claims: readonly string[];
};

const claimsParameter = z.object({
  userinfo: z.record(z.string(), z.unknown()).nullish(),
  id_token: z.record(z.string(), z.unknown()).nullish(),
});

/** Members of ID tokens that the authorization server answers for itself. */
const PROTOCOL_CLAIMS = new Set(['sub', 'acr', 'amr', 'auth_time', 'iss', 'aud', 'exp', 'iat', 'nonce', 'azp', 'sid']);
const MAX_CLAIMS = 30;

/** Reads the query of an authorization request, which the authorization server has validated. */
export function readAuthenticationRequest(query: URLSearchParams): AuthenticationRequest {
  const list = (name: string): string[] => (query.get(name) ?? '').split(' ').filter((each) => each !== '');
  const maxAge = query.get('max_age');
  const [redirectUri, loginHint, display] = ['redirect_uri', 'login_hint', 'display'].map((name) => query.get(name));
  return {
    prompts: list('prompt'),
    acrValues: list('acr_values'),
    languages: list('ui_locales'),
    claims: readClaims(query.get('claims')),
    ...(typeof redirectUri === 'string' ? { redirectUri } : {}),
    ...(typeof loginHint === 'string' ? { loginHint } : {}),
    ...(typeof display === 'string' ? { display } : {}),
    ...(maxAge !== null && /^\d{1,9}$/.test(maxAge) ? { maxAgeSeconds: Number(maxAge) } : {}),
  };
}

/** Whether the request wants to see a login although there may be one. */
export function wantsLogin({ prompts, maxAgeSeconds }: AuthenticationRequest): boolean {
  return prompts.includes('login') || maxAgeSeconds !== undefined;
}

function readClaims(text: string | null): readonly string[] {
  if (text === null) return [];
  try {
    const { userinfo, id_token: idToken } = claimsParameter.parse(JSON.parse(text));
    const names = [...Object.keys(userinfo ?? {}), ...Object.keys(idToken ?? {})];
    return [...new Set(names)].filter((name) => !PROTOCOL_CLAIMS.has(name)).slice(0, MAX_CLAIMS);
  } catch {
    return [];
  }
}
