import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';

/**
 * Refuses request objects by value, and by reference where the client registered no URI (OpenID Connect Core section 6):
 * to ignore them would be to act on parameters the client did not sign.
 *
 * @throws OAuth2Error `request_not_supported`, `request_uri_not_supported`, `registration_not_supported`
 */
export function refuseRequestObject(parameters: ParameterMap): void {
  if (parameters.has('request')) throw new OAuth2Error('request_not_supported');
  if (parameters.has('request_uri')) throw new OAuth2Error('request_uri_not_supported');
  if (parameters.has('registration')) throw new OAuth2Error('registration_not_supported');
}
