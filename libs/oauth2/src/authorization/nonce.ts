import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import { readResponseType } from './response-type.js';

const maxBytes = 1024;

/**
 * The `nonce` of a request: required where the browser carries the ID token (OpenID Connect Core sections 3.2.2.1 and
 * 3.3.2.1), optional for a pure code.
 *
 * @throws OAuth2Error `invalid_request`
 */
export function checkNonce(parameters: ParameterMap): string | undefined {
  const responseType = readResponseType(parameters);
  const nonce = parameters.get('nonce');
  if (nonce === undefined && responseType.idToken) {
    throw new OAuth2Error('invalid_request', `the response type '${responseType.name}' needs a nonce`);
  }
  if (nonce !== undefined && Buffer.byteLength(nonce) > maxBytes) {
    throw new OAuth2Error('invalid_request', `the nonce is longer than ${maxBytes} bytes`);
  }
  return nonce;
}
