import { type Client, formatScope, type StoredClient } from '@castellan/oauth2';
import type { tokenV1 } from '@castellan/rpc';
import { toLoginConsentMessage } from './login-consent-message.js';
import { toLogoutMessage } from './logout-message.js';
import { toOpenIdMessage } from './openid-message.js';
import { toTokenRulesMessage } from './token-rules-message.js';

/** A stored client as it travels: since when it is what it is, but nothing of its secrets. */
export function toDatedClientMessage(stored: Omit<StoredClient, 'uid'>): tokenV1.Client {
  const { client, createdAt, updatedAt, revision } = stored;
  return { ...toClientMessage(client), createdAtMs: createdAt, updatedAtMs: updatedAt, revision };
}

/** A client as it travels, without its secrets. */
export function toClientMessage(client: Client): tokenV1.Client {
  return {
    id: client.id,
    clientName: client.name,
    redirectUris: [...client.redirectUris],
    grantTypes: [...client.grantTypes],
    responseTypes: [...client.responseTypes],
    scope: formatScope(client.scopes),
    owner: client.owner,
    policyUri: client.policyUri,
    tosUri: client.tosUri,
    clientUri: client.clientUri,
    logoUri: client.logoUri,
    contacts: [...client.contacts],
    public: client.public,
    tokenEndpointAuthMethod: client.tokenEndpointAuthMethod ?? '',
    requirePkce: client.requirePkce,
    jwks: client.jwks === undefined ? '' : JSON.stringify({ keys: client.jwks }),
    jwksUri: client.jwksUri ?? '',
    tokens: client.tokens === undefined ? undefined : toTokenRulesMessage(client.tokens),
    tokenEndpointAuthSigningAlg: client.tokenEndpointAuthSigningAlg ?? '',
    secrets: [],
    openid: client.openid === undefined ? undefined : toOpenIdMessage(client.openid),
    logout: client.logout === undefined ? undefined : toLogoutMessage(client.logout),
    loginConsent: toLoginConsentMessage(client.loginConsent),
    metadataJson: client.metadata === undefined ? '' : JSON.stringify(client.metadata),
    createdAtMs: 0,
    updatedAtMs: 0,
    revision: 0,
  };
}
