import type { ClientAuthentication } from '../client-authentication.js';
import type { StoredClient } from '../client-store.js';
import { OAuth2Error } from '../errors.js';
import type { RowKey } from '../grant.js';
import { parseParameters, requireParameter } from '../parameters.js';
import { credentialsOf, type EndpointRequest } from './endpoint.js';
import { type AccessTokenName, type AccessTokenSigner, readAccessToken } from './access-token-jwt.js';
import { findNamedToken } from './introspection.js';
import type { StatelessTokenStore } from './stateless-token.js';
import type { TokenText } from './token-text.js';
import type { TokenStore } from './token-store.js';

/** What revocation works with. */
export type RevocationTools = {
  readonly store: TokenStore;
  readonly statelessTokens: StatelessTokenStore;
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
  const client = await tools.clients.authenticate(credentialsOf(request, parameters), 'fresh');
  const text = requireParameter(parameters, 'token');
  const refreshKey = tools.tokenText.parse(text, 'refresh_token');
  if (refreshKey !== undefined) return revokeRefreshToken(refreshKey, client, tools.store);
  const name = await readAccessToken(text, tools);
  if (name !== undefined) return revokeAccessToken(name, client, tools);
}

async function revokeRefreshToken(key: RowKey, client: StoredClient, store: TokenStore): Promise<void> {
  const stored = await store.findRefreshToken(key);
  if (stored === undefined) return;
  requireOwner(stored.grant.clientUid, client);
  await store.revokeFamily(stored.family);
}

async function revokeAccessToken(name: AccessTokenName, client: StoredClient, tools: RevocationTools): Promise<void> {
  const active = await findNamedToken(name, tools);
  if (active === undefined) return;
  requireOwner(active.grant.clientUid, client);
  if (active.family !== undefined) await tools.store.revokeFamily(active.family);
  else if (name.stateless !== undefined) await tools.statelessTokens.revoke(name.stateless);
  else await tools.store.revokeAccessToken(name.key);
}

function requireOwner(ownerUid: string, client: StoredClient): void {
  if (ownerUid !== client.uid) throw new OAuth2Error('unauthorized_client', 'the token was issued to another client');
}
