import {
  formatScope,
  parseScope,
  readAccessTokenFormat,
  type ResourceServer,
  validateResourceServer,
} from '@castellan/oauth2';
import { RpcError, type tokenV1 } from '@castellan/rpc';

/** Reads and validates a resource server. Throws `invalid_client_metadata`. */
export function readResourceServer(message: tokenV1.ResourceServer | undefined): ResourceServer {
  if (message === undefined) throw new RpcError('INVALID_ARGUMENT', 'the resource server is missing');
  const { id, uri, name, scope, accessTokenLifetimeMs: lifetime } = message;
  const format = readAccessTokenFormat(message.accessTokenFormat);
  return validateResourceServer({
    id,
    uri,
    name,
    scopes: parseScope(scope),
    ...(format !== undefined ? { accessTokenFormat: format } : {}),
    ...(lifetime !== 0 ? { accessTokenLifetimeMs: lifetime } : {}),
  });
}

export function toResourceServerMessage(server: ResourceServer): tokenV1.ResourceServer {
  return {
    id: server.id,
    uri: server.uri,
    name: server.name,
    scope: formatScope(server.scopes),
    accessTokenFormat: server.accessTokenFormat ?? '',
    accessTokenLifetimeMs: server.accessTokenLifetimeMs ?? 0,
  };
}
