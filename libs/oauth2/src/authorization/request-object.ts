import { parseStrictObject, StrictJsonError } from '@castellan/jwk';
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

/** What tells where the answer goes, and may stand in a request object alone (OpenID Connect Core section 6.1). */
const addressingMembers = ['response_mode', 'state'] as const;

/**
 * The parameters by which a refusal finds its way: those given, and of a request object by value `response_mode` and
 * `state` where they are only there. Nobody has verified the object; these two say no more than the query could.
 */
export function addressingParameters(parameters: ParameterMap): ParameterMap {
  const members = unverifiedMembers(parameters.get('request'));
  const inside = addressingMembers.flatMap((name): [string, string][] => {
    const value = members[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return inside.length === 0 ? parameters : new Map([...inside, ...parameters]);
}

function unverifiedMembers(object: string | undefined): { readonly [name: string]: unknown } {
  const [, payload] = object?.split('.') ?? [];
  if (payload === undefined) return {};
  try {
    return parseStrictObject(Buffer.from(payload, 'base64url'));
  } catch (cause) {
    if (cause instanceof StrictJsonError) return {};
    throw cause;
  }
}
