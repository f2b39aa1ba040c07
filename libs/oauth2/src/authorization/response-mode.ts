import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import { readResponseType } from './response-type.js';

/** Where the parameters of an authorization response travel. */
export type ResponseMode = 'query' | 'fragment' | 'form_post';

/** The response modes this server knows. */
export const responseModes: readonly ResponseMode[] = ['query', 'fragment', 'form_post'];

/**
 * The response mode: query for a pure code, fragment for all that carries a token, and instead of either form_post. Tokens
 * never travel in a query, so that they stay out of request logs (OAuth 2.0 Multiple Response Type Encoding Practices
 * sections 3 and 5, OAuth 2.0 Form Post Response Mode section 2).
 *
 * @throws OAuth2Error `invalid_request`, `unsupported_response_mode`
 */
export function checkResponseMode(parameters: ParameterMap): ResponseMode {
  const responseType = readResponseType(parameters);
  const only: ResponseMode = responseType.token || responseType.idToken ? 'fragment' : 'query';
  const asked = parameters.get('response_mode');
  if (asked === undefined || asked === only) return only;
  if (asked === 'form_post') return asked;
  if (!responseModes.some((mode) => mode === asked)) {
    throw new OAuth2Error('unsupported_response_mode', `known are ${responseModes.join(', ')}`);
  }
  throw new OAuth2Error(
    'invalid_request',
    `the response_mode ${asked} is not allowed with the response type '${responseType.name}'`,
  );
}

/** Where an error travels while the request is not yet known to be valid: where its sender would look for it. */
export function errorResponseMode(parameters: ParameterMap): ResponseMode {
  if (parameters.get('response_mode') === 'form_post') return 'form_post';
  const words = parameters.get('response_type')?.split(' ') ?? [];
  return words.includes('token') || words.includes('id_token') ? 'fragment' : 'query';
}
