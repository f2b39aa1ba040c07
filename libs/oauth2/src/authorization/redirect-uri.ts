import type { Client } from '../client.js';
import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import { redirectUriProblem } from '../redirect-uri.js';

/** The redirect URI of a request, and whether the request named it (the token request must then repeat it). */
export type ChosenRedirectUri = { readonly uri: string; readonly given: boolean };

const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::([1-9][0-9]{0,4}))?(?=$|[/?])(.*)$/;

/**
 * Chooses the redirect URI of an authorization request (RFC 6749 section 3.1.2.3, RFC 9700 section 2.1). A refusal must
 * be shown on our own error page: nothing in the request may be redirected to.
 *
 * @throws OAuth2Error `invalid_request`
 */
export function chooseRedirectUri(parameters: ParameterMap, client: Client): ChosenRedirectUri {
  const given = parameters.get('redirect_uri');
  if (given === undefined) return { uri: onlyRedirectUri(parameters, client), given: false };
  // Registered ones were judged once; it is said again here because the rows may be older than the rule.
  if (redirectUriProblem(given) !== undefined || !isRegistered(given, client)) {
    throw refusal('the redirect_uri is none of those registered for this client; they are compared byte by byte');
  }
  return { uri: given, given: true };
}

function onlyRedirectUri(parameters: ParameterMap, client: Client): string {
  // OpenID Connect Core section 3.1.2.1 requires the parameter.
  if (parameters.get('scope')?.split(' ').includes('openid')) {
    throw refusal('the redirect_uri is required in OpenID Connect requests');
  }
  const [uri, ...others] = client.redirectUris;
  if (uri === undefined || others.length > 0 || redirectUriProblem(uri) !== undefined) {
    throw refusal('the redirect_uri is required unless exactly one is registered');
  }
  return uri;
}

function isRegistered(uri: string, client: Client): boolean {
  if (client.redirectUris.includes(uri)) return true;
  if (!client.public) return false;
  const wanted = withoutPort(uri);
  return wanted !== undefined && client.redirectUris.some((registered) => withoutPort(registered) === wanted);
}

/** RFC 8252 section 7.3: a native app listens on whatever port is free. IP literals only; all else stays exact. */
function withoutPort(uri: string): string | undefined {
  const match = loopback.exec(uri);
  if (match === null || Number(match[2] ?? 0) > 65_535) return undefined;
  return `${match[1]}${match[3]}`;
}

function refusal(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_request', hint);
}
