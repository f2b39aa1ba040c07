import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import { coversScope, parseScope } from '../scope.js';
import type { RequestRules } from './request-rules.js';

/** A scope that a shell takes as it is. */
const plainScope = /^[A-Za-z0-9_.:/@%+=-]+$/;

/**
 * The scopes of a request, all of them allowed to the client. It is checked before the user is asked for anything; the
 * refusal names the scopes and the remedy, because the first reader is whoever just registered the client. Where the
 * server narrows, what the client may not ask for is left out instead, unless nothing remains.
 *
 * @throws OAuth2Error `invalid_scope`
 */
export function checkScopes(parameters: ParameterMap, rules: RequestRules): readonly string[] {
  const scopes = parseScope(parameters.get('scope'));
  const refused = scopes.filter((scope) => !rules.client.scopes.some((allowed) => coversScope(allowed, scope)));
  const allowed = scopes.filter((scope) => !refused.includes(scope));
  // RFC 6749 section 3.3: what is issued may be less than what was asked; the response says what it is.
  if (rules.scopePolicy === 'narrow' && allowed.length > 0) return allowed;
  if (refused.length > 0) {
    const names = refused.slice(0, 5).map((scope) => scope.slice(0, 64));
    // Somebody else may have written the link: what a shell would run is not offered for pasting into one.
    const pasted = names.map((name) => (plainScope.test(name) ? name : '<scope>'));
    throw new OAuth2Error(
      'invalid_scope',
      `the client may not ask for ${names.map((name) => `'${name}'`).join(' and ')}; ` +
        `allow it when registering the client: castellan clients create --allowed-scopes ...,${pasted.join(',')}`,
    );
  }
  return scopes;
}
