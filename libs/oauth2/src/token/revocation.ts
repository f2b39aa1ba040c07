import type { ClientAuthentication } from '../client-authentication.js';
import type { StoredClient } from '../client-store.js';
import { OAuth2Error } from '../errors.js';
import type { RowKey } from '../grant.js';
import { parseParameters, requireParameter } from '../parameters.js';
import type { EndpointRequest } from './endpoint.js';
import { accessTokenKey, type AccessTokenSigner } from './access-token-jwt.js';
import type { TokenText } from './token-text.js';
import type { TokenStore } from './token-store.js';

/** What revocation works with. */
export type RevocationTools = {
  readonly store: TokenStore;
  readonly tokenText: TokenText;
  readonly accessTokenSigner: AccessTokenSigner;
  readonly clients: ClientAuthentication;
};

/**
 * The revocation endpoint (RFC 7009): ends a refresh or access token of the calling client, and with it every token of
 * the same grant, on every replica, before it returns. A token that is unknown or already inactive is no error; one of
 * another client is refused with `unauthorized_client`. The type is in the token's text, so the hint is not needed.
 */
export async function revokeToken(request: EndpointRequest, tools: RevocationTools): Promise<void> {
  const parameters = parseParameters(request.parameters);
  const client = await tools.clients.authenticate({ authorization: request.authorization, parameters }, 'fresh');
  const text = requireParameter(parameters, 'token');
  const refreshKey = tools.tokenText.parse(text, 'refresh_token');
  if (refreshKey !== undefined) return revokeRefreshToken(refreshKey, client, tools.store);
  const accessKey = await accessTokenKey(text, tools);
  if (accessKey !== undefined) return revokeAccessToken(accessKey, client, tools.store);
}

async function revokeRefreshToken(key: RowKey, client: StoredClient, store: TokenStore): Promise<void> {
  const stored = await store.findRefreshToken(key);
  if (stored === undefined) return;
  requireOwner(stored.grant.clientUid, client);
  await store.revokeFamily(stored.family);
}

async function revokeAccessToken(key: RowKey, client: StoredClient, store: TokenStore): Promise<void> {
  const active = await store.findActiveAccessToken(key);
  if (active === undefined) return;
  requireOwner(active.grant.clientUid, client);
  if (active.family === undefined) await store.revokeAccessToken(key);
  else await store.revokeFamily(active.family);
}

function requireOwner(ownerUid: string, client: StoredClient): void {
  if (ownerUid !== client.uid) throw new OAuth2Error('unauthorized_client', 'the token was issued to another client');
}
