import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';

/**
 * The audience of an access token: the granted one, narrowed to `resource` where the request names one (RFC 8707
 * section 2.2). Throws `invalid_target` for a resource that was not granted.
 */
export function narrowAudience(granted: readonly string[], parameters: ParameterMap): readonly string[] {
  const resource = parameters.get('resource');
  if (resource === undefined) return granted;
  if (!granted.includes(resource)) throw new OAuth2Error('invalid_target', 'the resource was not granted');
  return [resource];
}
