import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import { isCodeChallenge } from '../pkce.js';
import type { RequestRules } from './request-rules.js';
import { readResponseType } from './response-type.js';

/** The code challenge methods this server knows. `plain` is not one: it protects nothing that leaks (RFC 9700 2.1.1). */
export const codeChallengeMethods: readonly string[] = ['S256'];

/**
 * The S256 code challenge of a request, undefined when it has none and needs none. Public clients need one, and
 * wherever the client or the server demands it (rulings 28).
 *
 * @throws OAuth2Error `invalid_request`
 */
export function checkCodeChallenge(parameters: ParameterMap, rules: RequestRules): string | undefined {
  const returnsCode = readResponseType(parameters).code;
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (challenge === undefined) {
    if (method !== undefined) throw refusal('the code_challenge_method came without a code_challenge');
    if (returnsCode && (rules.client.public || rules.client.requirePkce || rules.requirePkce)) {
      throw refusal('a code_challenge with the method S256 is required of this client (RFC 7636)');
    }
    return undefined;
  }
  if (method === undefined || !codeChallengeMethods.includes(method)) {
    throw refusal('the code_challenge_method must be S256');
  }
  if (!isCodeChallenge(challenge)) {
    throw refusal('the code_challenge must be a SHA-256 as base64url, 43 characters without padding');
  }
  return returnsCode ? challenge : undefined;
}

function refusal(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_request', hint);
}
