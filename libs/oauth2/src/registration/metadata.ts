import { isObject, parseStrictObject, StrictJsonError } from '@castellan/jwk';
import { responseTypes } from '../authorization/response-type.js';
import type { Client } from '../client.js';
import { readClientKeys } from '../client-keys.js';
import { readAuthMethod } from '../client-metadata.js';
import { OAuth2Error } from '../errors.js';
import type { JsonObject } from '../grant.js';
import { readLogoutRegistration } from '../logout/logout-registration.js';
import { readOpenIdRegistration } from '../openid-registration.js';
import { coversScope, formatScope, parseScope } from '../scope.js';

/** Grant types that a client may register for itself: those that need a resource owner. */
const grantTypes = ['authorization_code', 'implicit', 'refresh_token'];

/**
 * Reads the metadata that a client registers for itself (RFC 7591 section 2, OpenID Connect Dynamic Client Registration
 * 1.0 section 2). Members that are not in this list are ignored, so nobody names an id, an owner or a right of their own;
 * scopes beyond `allowedScopes` are dropped. What is absent gets its default.
 *
 * @throws OAuth2Error `invalid_client_metadata`, `invalid_redirect_uri`
 */
export async function readClientMetadata(
  metadata: JsonObject,
  { id, allowedScopes }: { readonly id: string; readonly allowedScopes: readonly string[] },
): Promise<Client> {
  const method = readAuthMethod(text(metadata, 'token_endpoint_auth_method') || 'client_secret_basic');
  const openid = readOpenIdRegistration({
    applicationType: text(metadata, 'application_type') || 'web',
    subjectType: text(metadata, 'subject_type'),
    sectorIdentifierUri: text(metadata, 'sector_identifier_uri'),
    idTokenSignedResponseAlg: text(metadata, 'id_token_signed_response_alg'),
    userinfoSignedResponseAlg: text(metadata, 'userinfo_signed_response_alg'),
    defaultMaxAge: number(metadata, 'default_max_age'),
    defaultAcrValues: list(metadata, 'default_acr_values'),
    initiateLoginUri: text(metadata, 'initiate_login_uri'),
    requestUris: list(metadata, 'request_uris'),
    requestObjectSigningAlg: text(metadata, 'request_object_signing_alg'),
  });
  const logout = readLogoutRegistration({
    postLogoutRedirectUris: list(metadata, 'post_logout_redirect_uris'),
    backchannelLogoutUri: text(metadata, 'backchannel_logout_uri'),
    backchannelLogoutSessionRequired: flag(metadata, 'backchannel_logout_session_required'),
    frontchannelLogoutUri: text(metadata, 'frontchannel_logout_uri'),
    frontchannelLogoutSessionRequired: flag(metadata, 'frontchannel_logout_session_required'),
    skipLogoutConsent: false,
  });
  const jwks = member(metadata, 'jwks');
  const jwksUri = text(metadata, 'jwks_uri');
  const signingAlg = text(metadata, 'token_endpoint_auth_signing_alg');
  const scopes = parseScope(text(metadata, 'scope'));
  return {
    id,
    name: text(metadata, 'client_name'),
    redirectUris: readRedirectUris(metadata),
    ...readTypes(metadata),
    scopes: scopes.length === 0 ? allowedScopes : scopes.filter((scope) => isAllowed(scope, allowedScopes)),
    owner: '',
    policyUri: text(metadata, 'policy_uri'),
    tosUri: text(metadata, 'tos_uri'),
    clientUri: text(metadata, 'client_uri'),
    logoUri: text(metadata, 'logo_uri'),
    contacts: list(metadata, 'contacts'),
    public: method === 'none',
    ...(method !== undefined ? { tokenEndpointAuthMethod: method } : {}),
    requirePkce: false,
    ...(signingAlg !== '' ? { tokenEndpointAuthSigningAlg: signingAlg } : {}),
    ...(jwks !== undefined ? { jwks: await readClientKeys(JSON.stringify(jwks)) } : {}),
    ...(jwksUri !== '' ? { jwksUri } : {}),
    ...(openid !== undefined ? { openid } : {}),
    ...(logout !== undefined ? { logout } : {}),
  };
}

/** Parses the body of a registration. Throws `invalid_client_metadata`. */
export function parseClientMetadata(json: string): JsonObject {
  try {
    return parseStrictObject(json);
  } catch (cause) {
    if (cause instanceof StrictJsonError) throw invalid(`the metadata is ${cause.message}`);
    throw cause;
  }
}

/** The metadata of a client as an answer (RFC 7591 section 3.2.1): all that is registered, defaults included. */
export function clientMetadata(client: Client): JsonObject {
  const { openid, logout } = client;
  return {
    client_id: client.id,
    redirect_uris: client.redirectUris,
    grant_types: client.grantTypes,
    response_types: client.responseTypes,
    scope: formatScope(client.scopes),
    token_endpoint_auth_method: client.tokenEndpointAuthMethod ?? 'client_secret_basic',
    ...unlessEmpty('token_endpoint_auth_signing_alg', client.tokenEndpointAuthSigningAlg),
    ...unlessEmpty('client_name', client.name),
    ...unlessEmpty('client_uri', client.clientUri),
    ...unlessEmpty('logo_uri', client.logoUri),
    ...unlessEmpty('policy_uri', client.policyUri),
    ...unlessEmpty('tos_uri', client.tosUri),
    ...(client.contacts.length > 0 ? { contacts: client.contacts } : {}),
    ...(client.jwks !== undefined ? { jwks: { keys: client.jwks } } : {}),
    ...unlessEmpty('jwks_uri', client.jwksUri),
    application_type: openid?.applicationType ?? 'web',
    subject_type: openid?.subjectType ?? 'public',
    ...unlessEmpty('sector_identifier_uri', openid?.sectorIdentifierUri),
    id_token_signed_response_alg: openid?.idTokenSignedResponseAlg ?? 'RS256',
    ...unlessEmpty('userinfo_signed_response_alg', openid?.userinfoSignedResponseAlg),
    ...(openid?.defaultMaxAge !== undefined ? { default_max_age: openid.defaultMaxAge } : {}),
    ...(openid?.defaultAcrValues !== undefined ? { default_acr_values: openid.defaultAcrValues } : {}),
    ...unlessEmpty('initiate_login_uri', openid?.initiateLoginUri),
    ...(openid?.requestUris !== undefined ? { request_uris: openid.requestUris } : {}),
    ...unlessEmpty('request_object_signing_alg', openid?.requestObjectSigningAlg),
    ...(logout?.postLogoutRedirectUris !== undefined
      ? { post_logout_redirect_uris: logout.postLogoutRedirectUris }
      : {}),
    ...unlessEmpty('backchannel_logout_uri', logout?.backchannelLogoutUri),
    ...(logout?.backchannelLogoutSessionRequired === true ? { backchannel_logout_session_required: true } : {}),
    ...unlessEmpty('frontchannel_logout_uri', logout?.frontchannelLogoutUri),
    ...(logout?.frontchannelLogoutSessionRequired === true ? { frontchannel_logout_session_required: true } : {}),
  };
}

function readRedirectUris(metadata: JsonObject): readonly string[] {
  const uris = list(metadata, 'redirect_uris');
  if (uris.length === 0) throw new OAuth2Error('invalid_redirect_uri', 'redirect_uris: at least one is needed');
  return uris;
}

/** Grant types and response types that fit each other (RFC 7591 section 2.1). */
function readTypes(metadata: JsonObject): Pick<Client, 'grantTypes' | 'responseTypes'> {
  const grants = withDefault(list(metadata, 'grant_types'), 'authorization_code');
  const responses = withDefault(list(metadata, 'response_types'), 'code');
  const refused = grants.find((grant) => !grantTypes.includes(grant));
  if (refused !== undefined) throw invalid(`grant_types: a client may register ${grantTypes.join(', ')} for itself`);
  for (const response of responses) {
    const words = response.split(' ').sort().join(' ');
    const needed = responseTypes.find((type) => type.name === words)?.grantTypes;
    if (needed === undefined) throw invalid('response_types: unknown response type');
    const missing = needed.find((grant) => !grants.includes(grant));
    if (missing !== undefined) throw invalid(`response_types: '${words}' needs the grant type ${missing}`);
  }
  return { grantTypes: grants, responseTypes: responses };
}

function isAllowed(scope: string, allowed: readonly string[]): boolean {
  return allowed.some((each) => coversScope(each, scope));
}

function withDefault(values: readonly string[], fallback: string): readonly string[] {
  return values.length === 0 ? [fallback] : values;
}

function member(metadata: JsonObject, name: string): unknown {
  const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  if (name === 'jwks' && value !== undefined && value !== null && !isObject(value))
    throw invalid('jwks must be an object');
  return value ?? undefined;
}

function text(metadata: JsonObject, name: string): string {
  const value = member(metadata, name) ?? '';
  if (typeof value !== 'string') throw invalid(`${name} must be a string`);
  return value;
}

function number(metadata: JsonObject, name: string): number | undefined {
  const value = member(metadata, name);
  if (value !== undefined && typeof value !== 'number') throw invalid(`${name} must be a number`);
  return value;
}

function flag(metadata: JsonObject, name: string): boolean {
  const value = member(metadata, name) ?? false;
  if (typeof value !== 'boolean') throw invalid(`${name} must be true or false`);
  return value;
}

function list(metadata: JsonObject, name: string): readonly string[] {
  const value = member(metadata, name) ?? [];
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
    throw invalid(`${name} must be a list of strings`);
  }
  return value;
}

function unlessEmpty(name: string, value: string | undefined): JsonObject {
  return value === undefined || value === '' ? {} : { [name]: value };
}

function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_client_metadata', hint);
}
