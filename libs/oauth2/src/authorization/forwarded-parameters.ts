import { createHash } from 'node:crypto';
import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import type { StoredParameters } from './authorization-request-store.js';

const maxQueryLength = 8 * 1024;

/** What the rules read: all that is kept of a request until its decision. */
export const keptParameters = [
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'resource',
  'audience',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'max_age',
  'claims',
  'prompt',
] as const;

/** Never forwarded, hashed or kept: the consent app's answer, and secrets that came here by mistake. */
const droppedParameters: ReadonlySet<string> = new Set([
  'consent',
  'client_secret',
  'client_assertion',
  'code_verifier',
  'password',
  'code',
  'access_token',
  'refresh_token',
  'id_token',
]);

/** The parameters of a request that travel to the consent app and back, known or not: `display`, `login_hint`, ... */
export function forwardedParameters(parameters: ParameterMap): ParameterMap {
  return new Map([...parameters].filter(([name]) => !droppedParameters.has(name)));
}

/**
 * Forwarded parameters as a query, in the order in which they came.
 *
 * @throws OAuth2Error `invalid_request` when it is too long to travel in a URL inside a URL
 */
export function forwardedQuery(forwarded: ParameterMap): string {
  const query = [...forwarded].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const text = query.join('&');
  if (text.length > maxQueryLength) throw new OAuth2Error('invalid_request', 'the request is too long');
  return text;
}

/** SHA-256 of the forwarded parameters in whatever order: equal exactly when the requests are. */
export function hashParameters(forwarded: ParameterMap): string {
  const sorted = [...forwarded].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url');
}

/** The parameters to keep until the decision. */
export function storedParameters(forwarded: ParameterMap): StoredParameters {
  return Object.fromEntries(
    keptParameters.flatMap((name) => {
      const value = forwarded.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
