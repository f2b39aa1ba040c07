import { allowsGrantType, allowsResponseType } from '../client.js';
import { OAuth2Error } from '../errors.js';
import { type ParameterMap, requireParameter } from '../parameters.js';
import type { RequestRules } from './request-rules.js';

/** What a response type returns from the authorization endpoint, and the grant types a client needs for it. */
export type ResponseType = {
  /** Words in alphabetical order, which is the order of the registry. */
  readonly name: string;
  readonly code: boolean;
  readonly token: boolean;
  readonly idToken: boolean;
  readonly grantTypes: readonly string[];
};

/** Every response type (RFC 6749 section 3.1.1, OAuth 2.0 Multiple Response Type Encoding Practices). */
export const responseTypes: readonly ResponseType[] = [
  row('code', ['authorization_code']),
  row('token', ['implicit']),
  row('id_token', ['implicit']),
  row('id_token token', ['implicit']),
  row('code token', ['authorization_code', 'implicit']),
  row('code id_token', ['authorization_code', 'implicit']),
  row('code id_token token', ['authorization_code', 'implicit']),
];

const byName: ReadonlyMap<string, ResponseType> = new Map(responseTypes.map((type) => [type.name, type]));

function row(name: string, grantTypes: readonly string[]): ResponseType {
  const words = name.split(' ');
  return {
    name,
    code: words.includes('code'),
    token: words.includes('token'),
    idToken: words.includes('id_token'),
    grantTypes,
  };
}

/**
 * The response type that a request names, its words in any order.
 *
 * @throws OAuth2Error `invalid_request`, `unsupported_response_type`
 */
export function readResponseType(parameters: ParameterMap): ResponseType {
  const type = byName.get(requireParameter(parameters, 'response_type').split(' ').sort().join(' '));
  if (type === undefined) throw new OAuth2Error('unsupported_response_type');
  return type;
}

/**
 * The response type of a request: known, registered for the client, its grant types registered too.
 *
 * @throws OAuth2Error `invalid_request`, `unsupported_response_type`, `unauthorized_client`
 */
export function checkResponseType(parameters: ParameterMap, { client }: RequestRules): ResponseType {
  const type = readResponseType(parameters);
  const { name } = type;
  if (!allowsResponseType(client, name.split(' '))) {
    throw new OAuth2Error('unauthorized_client', `the client is not registered for the response type '${name}'`);
  }
  const missing = type.grantTypes.find((grantType) => !allowsGrantType(client, grantType));
  if (missing !== undefined) {
    throw new OAuth2Error('unauthorized_client', `the response type '${name}' needs the grant type '${missing}'`);
  }
  // An ID token belongs to OpenID Connect requests only (OpenID Connect Core section 3.1.2.1).
  if (type.idToken && !parameters.get('scope')?.split(' ').includes('openid')) {
    throw new OAuth2Error('unsupported_response_type', `the response type '${name}' needs the scope 'openid'`);
  }
  return type;
}
