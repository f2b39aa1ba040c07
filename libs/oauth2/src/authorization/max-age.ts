import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import type { Prompt } from './prompt.js';

/** How far the clocks of two machines may be apart, in seconds (rulings 34). */
const leeway = 30;

/**
 * The `max_age` of a request in seconds (OpenID Connect Core section 3.1.2.1).
 *
 * @throws OAuth2Error `invalid_request`
 */
export function checkMaxAge(parameters: ParameterMap): number | undefined {
  const text = parameters.get('max_age');
  if (text === undefined) return undefined;
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(text)) {
    throw new OAuth2Error('invalid_request', 'the max_age must be a whole number of seconds');
  }
  return Number(text);
}

/**
 * Checks that an authentication is recent enough for a request: at most `maxAge` old when the request came, and for
 * `prompt=login` not older than the request. All times are seconds since the epoch.
 *
 * @throws OAuth2Error `login_required`
 */
export function checkAuthTime(
  authTime: number,
  request: { readonly startedAt: number; readonly maxAge?: number; readonly prompt: readonly Prompt[] },
): void {
  const maxAge = request.prompt.includes('login') ? 0 : request.maxAge;
  if (maxAge === undefined || authTime >= request.startedAt - maxAge - leeway) return;
  throw new OAuth2Error('login_required', 'the authentication is older than the request allows');
}
