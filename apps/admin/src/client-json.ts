import type { tokenV1 } from '@castellan/rpc';
import { z } from 'zod';

import { keyEntries, keyMembers, keysFromBody } from './client-keys-json.js';
import { loginConsentEntries, loginConsentFromBody, loginConsentMembers } from './login-consent-json.js';
import { logoutEntries, logoutFromBody, logoutMembers } from './logout-json.js';
import { openIdEntries, openIdFromBody, openIdMembers } from './openid-json.js';
import { tokenRuleEntries, tokenRuleMembers, tokenRulesFromBody } from './token-rules-json.js';
import {
  flagSchema as flag,
  jsonList,
  jsonObject,
  listSchema as list,
  objectSchema,
  textSchema as text,
} from './json.js';

/** Body of POST and PUT `/clients`. Unknown members are ignored (rulings 39). */
export const clientBodySchema = z.object({
  id: text,
  client_name: text,
  client_secret: text,
  redirect_uris: list,
  grant_types: list,
  response_types: list,
  scope: text,
  owner: text,
  policy_uri: text,
  tos_uri: text,
  client_uri: text,
  logo_uri: text,
  contacts: list,
  public: flag,
  token_endpoint_auth_method: text,
  require_pkce: flag,
  ...openIdMembers,
  ...logoutMembers,
  ...keyMembers,
  ...tokenRuleMembers,
  metadata: objectSchema.nullish(),
  ...loginConsentMembers,
});

export type ClientBody = z.infer<typeof clientBodySchema>;

/** Reads a client from a body; `id` is the one it is stored under. */
export function clientFromBody(body: ClientBody, id: string): tokenV1.Client {
  return {
    id,
    clientName: body.client_name ?? '',
    redirectUris: body.redirect_uris ?? [],
    grantTypes: body.grant_types ?? [],
    responseTypes: body.response_types ?? [],
    scope: body.scope ?? '',
    owner: body.owner ?? '',
    policyUri: body.policy_uri ?? '',
    tosUri: body.tos_uri ?? '',
    clientUri: body.client_uri ?? '',
    logoUri: body.logo_uri ?? '',
    contacts: body.contacts ?? [],
    public: body.public ?? false,
    tokenEndpointAuthMethod: body.token_endpoint_auth_method ?? '',
    requirePkce: body.require_pkce ?? false,
    openid: openIdFromBody(body),
    logout: logoutFromBody(body),
    ...keysFromBody(body),
    tokens: tokenRulesFromBody(body),
    loginConsent: loginConsentFromBody(body),
    secrets: [],
    metadataJson: body.metadata === null || body.metadata === undefined ? '' : JSON.stringify(body.metadata),
    createdAtMs: 0,
    updatedAtMs: 0,
    revision: 0,
  };
}

/**
 * Writes a client as the original did: every member, `null` for an empty list. `secret` is given in the answer to the
 * registration only. The members that the original did not know are written when they are set.
 */
export function clientJson(client: tokenV1.Client, secret = ''): string {
  return jsonObject([
    ['id', JSON.stringify(client.id)],
    ['client_name', JSON.stringify(client.clientName)],
    ['client_secret', secret !== '' ? JSON.stringify(secret) : undefined],
    ['redirect_uris', jsonList(client.redirectUris)],
    ['grant_types', jsonList(client.grantTypes)],
    ['response_types', jsonList(client.responseTypes)],
    ['scope', JSON.stringify(client.scope)],
    ['owner', JSON.stringify(client.owner)],
    ['policy_uri', JSON.stringify(client.policyUri)],
    ['tos_uri', JSON.stringify(client.tosUri)],
    ['client_uri', JSON.stringify(client.clientUri)],
    ['logo_uri', JSON.stringify(client.logoUri)],
    ['contacts', jsonList(client.contacts)],
    ['public', JSON.stringify(client.public)],
    [
      'token_endpoint_auth_method',
      client.tokenEndpointAuthMethod !== '' ? JSON.stringify(client.tokenEndpointAuthMethod) : undefined,
    ],
    ['require_pkce', client.requirePkce ? 'true' : undefined],
    ...openIdEntries(client.openid),
    ...logoutEntries(client.logout),
    ...keyEntries(client),
    ...tokenRuleEntries(client.tokens),
    ['metadata', client.metadataJson !== '' ? client.metadataJson : undefined],
    ...loginConsentEntries(client.loginConsent),
  ]);
}

/** Writes clients as one object keyed by client ID, in the order given. */
export function clientsJson(clients: readonly tokenV1.Client[]): string {
  return jsonObject(clients.map((client) => [client.id, clientJson(client)]));
}
