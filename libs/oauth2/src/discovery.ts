import { codeChallengeMethods } from './authorization/code-challenge.js';
import { requestObjectAlgorithms } from './authorization/request-uri.js';
import { responseModes } from './authorization/response-mode.js';
import { responseTypes } from './authorization/response-type.js';
import { clientAssertionAlgorithms } from './client-assertion.js';
import { clientAuthenticationMethods } from './client-authentication.js';
import type { JsonObject } from './grant.js';
import { tokenEndpointGrantTypes } from './token/endpoint.js';
import { claimScopes, scopedClaims } from './userinfo-claims.js';

/** Claims of every ID token, where they have a value (OpenID Connect Core section 2). */
const idTokenClaims = ['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'auth_time', 'nonce', 'at_hash', 'c_hash'];
/** Those that a login in challenges brings (Core section 2, Front-Channel Logout 1.0 section 3). */
const sessionClaims = ['acr', 'amr', 'sid'];

/** What of the running configuration the metadata document depends on. */
export type MetadataSource = {
  /** Without a trailing slash. */
  readonly issuer: string;
  /** Algorithms of the keys that may sign ID tokens. */
  readonly idTokenAlgorithms: readonly string[];
  /** Clients may register themselves, some of them. */
  readonly registration: boolean;
  readonly unsignedRequestObjects: boolean;
  /** There are login sessions, which can end: the login app speaks in challenges. */
  readonly loginSessions: boolean;
};

/**
 * The authorization server metadata (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3, RFC 9207 section 3).
 * Its lists are those the endpoints themselves work with: it says what this server does, and no more.
 */
export function serverMetadata({
  issuer,
  idTokenAlgorithms,
  registration,
  unsignedRequestObjects,
  loginSessions,
}: MetadataSource): JsonObject {
  const frontChannelGrantTypes = responseTypes.flatMap((type) => type.grantTypes);
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth2/auth`,
    token_endpoint: `${issuer}/oauth2/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    ...(registration ? { registration_endpoint: `${issuer}/oauth2/register` } : {}),
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    ...(loginSessions ? logoutMetadata(issuer) : {}),
    response_types_supported: responseTypes.map((type) => type.name),
    response_modes_supported: responseModes,
    grant_types_supported: [...new Set([...frontChannelGrantTypes, ...tokenEndpointGrantTypes])],
    scopes_supported: ['openid', 'offline', 'offline_access', ...claimScopes],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: idTokenAlgorithms,
    userinfo_signing_alg_values_supported: idTokenAlgorithms,
    claims_supported: [...idTokenClaims, ...(loginSessions ? sessionClaims : []), ...scopedClaims],
    token_endpoint_auth_methods_supported: clientAuthenticationMethods,
    token_endpoint_auth_signing_alg_values_supported: clientAssertionAlgorithms,
    revocation_endpoint_auth_methods_supported: clientAuthenticationMethods,
    revocation_endpoint_auth_signing_alg_values_supported: clientAssertionAlgorithms,
    // A public client proves nothing, so it may not ask about tokens.
    introspection_endpoint_auth_methods_supported: clientAuthenticationMethods.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: clientAssertionAlgorithms,
    code_challenge_methods_supported: codeChallengeMethods,
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: true,
    require_request_uri_registration: true,
    request_object_signing_alg_values_supported: requestObjectAlgorithms(unsignedRequestObjects),
  };
}

/** RP-Initiated Logout 1.0 section 2.1, Back-Channel Logout 1.0 section 2.1, Front-Channel Logout 1.0 section 3. */
function logoutMetadata(issuer: string): JsonObject {
  return {
    end_session_endpoint: `${issuer}/oauth2/sessions/logout`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
  };
}
