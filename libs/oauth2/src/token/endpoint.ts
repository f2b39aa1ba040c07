import { allowsGrantType } from '../client.js';
import type { CarriedCredentials, ClientAuthentication } from '../client-authentication.js';
import type { StoredClient } from '../client-store.js';
import { OAuth2Error } from '../errors.js';
import { type Parameter, type ParameterMap, parseParameters } from '../parameters.js';
import { authorizationCode } from './grants/authorization-code.js';
import { clientCredentials } from './grants/client-credentials.js';
import { refreshToken } from './grants/refresh-token.js';
import { withAudience } from './resource.js';
import type { GrantHandler, GrantTools, IssuedTokens } from './token-request.js';

/** The grants, by their `grant_type`. A Map: a request may name `constructor`. */
const grants: ReadonlyMap<string, GrantHandler> = new Map([
  ['client_credentials', clientCredentials],
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
]);

/** The grant types that the token endpoint serves, as the metadata document lists them. */
export const tokenEndpointGrantTypes: readonly string[] = [...grants.keys()];

/** A request of the token endpoint, revocation or introspection: form parameters and the Authorization header. */
export type EndpointRequest = {
  readonly parameters: readonly Parameter[];
  readonly authorization: string;
  /** Address of the client; empty or absent when it is not known. */
  readonly remoteAddress?: string | undefined;
};

// How often a request is repeated because its client was changed while it ran.
const attempts = 3;

/**
 * The token endpoint (RFC 6749 section 3.2): parameters, client authentication, grant table, grant. Throws OAuth2Error.
 */
export async function issueTokens(
  request: EndpointRequest,
  tools: GrantTools & { readonly clients: ClientAuthentication },
): Promise<IssuedTokens> {
  const parameters = withAudience(parseParameters(request.parameters), tools.audienceParameter);
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw new OAuth2Error('invalid_request', 'the parameter grant_type is missing');
  const grant = grants.get(grantType);
  const carried = credentialsOf(request, parameters);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const freshness = attempt === 0 && grant !== undefined ? grant.clientRow : 'fresh';
    const client = await tools.clients.authenticate(carried, freshness);
    if (grant === undefined) {
      throw new OAuth2Error('unsupported_grant_type', `known are ${tokenEndpointGrantTypes.join(', ')}`);
    }
    try {
      requireGrantType(client, grantType, grant);
      const tokens = await grant.issue(
        { parameters, client, clientIsFresh: freshness === 'fresh', ...addressOf(request) },
        tools,
      );
      if (tokens !== 'client-changed') return tokens;
    } catch (cause) {
      // What an outdated row refuses, the client may be registered for by now.
      if (freshness === 'fresh' || !(cause instanceof OAuth2Error)) throw cause;
    }
  }
  throw new OAuth2Error('temporarily_unavailable', 'the client is being changed; try again');
}

/** The credentials that a request carries, and from where. */
export function credentialsOf(request: EndpointRequest, parameters: ParameterMap): CarriedCredentials {
  return { authorization: request.authorization, parameters, ...addressOf(request) };
}

function addressOf({ remoteAddress = '' }: EndpointRequest): { readonly remoteAddress?: string } {
  return remoteAddress === '' ? {} : { remoteAddress };
}

function requireGrantType({ client }: StoredClient, grantType: string, grant: GrantHandler): void {
  if (!allowsGrantType(client, grantType)) {
    throw new OAuth2Error('unauthorized_client', `the client is not registered for the grant type ${grantType}`);
  }
  if (client.public && !grant.publicClients) {
    throw new OAuth2Error('unauthorized_client', 'a public client may not use this grant type');
  }
}
