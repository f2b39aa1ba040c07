import type { tokenV1 } from '@castellan/rpc';
import { z } from 'zod';

import { keyMembers, keysFromBody } from './client-keys-json.js';
import { lifespanEntries, lifespanMembers, lifespansFromBody } from './hydra-lifespans.js';
import {
  flagSchema as flag,
  type JsonMember,
  jsonObject,
  listSchema as list,
  objectSchema,
  textSchema as text,
} from './json.js';
import { loginConsentFromBody, loginConsentMembers } from './login-consent-json.js';
import { logoutFromBody, logoutMembers } from './logout-json.js';
import { openIdFromBody, openIdMembers } from './openid-json.js';

/**
 * Body of POST and PUT `/admin/clients`: a client by the names that Hydra has since 2.0, and below them what Hydra does not
 * know. Unknown members are ignored, as there. `allowed_cors_origins` is refused unless it is empty: origins are the
 * server's to allow (`CORS_ALLOWED_ORIGINS`), and a member that has no effect must not look as if it had one.
 */
export const hydraClientBodySchema = z.object({
  client_id: text,
  client_name: text,
  client_secret: text,
  redirect_uris: list,
  grant_types: list,
  response_types: list,
  scope: text,
  audience: list,
  owner: text,
  policy_uri: text,
  allowed_cors_origins: z
    .array(z.string())
    .max(0, { error: 'origins are allowed for the whole server, by CORS_ALLOWED_ORIGINS' })
    .nullish(),
  tos_uri: text,
  client_uri: text,
  logo_uri: text,
  contacts: list,
  token_endpoint_auth_method: text,
  access_token_strategy: text,
  metadata: objectSchema.nullish(),
  ...lifespanMembers,
  ...logoutMembers,
  ...keyMembers,
  require_pkce: flag,
  ...openIdMembers,
  ...loginConsentMembers,
});

export type HydraClientBody = z.infer<typeof hydraClientBodySchema>;

/** Reads a client from a body; `id` is the one it is stored under. The method `none` makes a public client. */
export function clientFromHydraBody(body: HydraClientBody, id: string): tokenV1.Client {
  const method = body.token_endpoint_auth_method ?? '';
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
    public: method === 'none',
    tokenEndpointAuthMethod: method,
    requirePkce: body.require_pkce ?? false,
    openid: openIdFromBody(body),
    logout: logoutFromBody(body),
    loginConsent: loginConsentFromBody(body),
    ...keysFromBody({ ...body, jwks: isEmptyKeySet(body.jwks) ? undefined : body.jwks }),
    tokens: {
      accessTokenFormat: body.access_token_strategy ?? '',
      lifespansMs: lifespansFromBody(body),
      audience: body.audience ?? [],
    },
    secrets: [],
    metadataJson: body.metadata === null || body.metadata === undefined ? '' : JSON.stringify(body.metadata),
    createdAtMs: 0,
    updatedAtMs: 0,
    revision: 0,
  };
}

/** Hydra writes `"jwks":{}` for a client without keys, and its SDKs send it back. */
function isEmptyKeySet(jwks: HydraClientBody['jwks']): boolean {
  const keys = jwks?.['keys'];
  return keys === undefined || keys === null || (Array.isArray(keys) && keys.length === 0);
}

/**
 * Writes a client as Hydra does: every member that it always writes, and of the others those that are set. `secret` is given
 * in the answer to what set it only.
 */
export function hydraClientJson(client: tokenV1.Client, secret = ''): string {
  return jsonObject(hydraClientEntries(client, secret));
}

function hydraClientEntries(client: tokenV1.Client, secret: string): readonly JsonMember[] {
  const { openid, logout, tokens, loginConsent } = client;
  return [
    ['client_id', JSON.stringify(client.id)],
    ['client_name', JSON.stringify(client.clientName)],
    ['client_secret', unlessEmpty(secret)],
    ['redirect_uris', JSON.stringify(client.redirectUris)],
    ['grant_types', JSON.stringify(orDefault(client.grantTypes, 'authorization_code'))],
    ['response_types', JSON.stringify(orDefault(client.responseTypes, 'code'))],
    ['scope', JSON.stringify(client.scope)],
    ['audience', JSON.stringify(tokens?.audience ?? [])],
    ['owner', JSON.stringify(client.owner)],
    ['policy_uri', JSON.stringify(client.policyUri)],
    ['allowed_cors_origins', '[]'],
    ['tos_uri', JSON.stringify(client.tosUri)],
    ['client_uri', JSON.stringify(client.clientUri)],
    ['logo_uri', JSON.stringify(client.logoUri)],
    ['contacts', JSON.stringify(client.contacts)],
    ['client_secret_expires_at', String(Math.floor((client.secrets[0]?.expiresAtMs ?? 0) / 1000))],
    ['subject_type', JSON.stringify(openid?.subjectType || 'public')],
    ['sector_identifier_uri', unlessEmpty(openid?.sectorIdentifierUri)],
    ['jwks_uri', unlessEmpty(client.jwksUri)],
    ['jwks', client.jwks === '' ? '{}' : client.jwks],
    ['token_endpoint_auth_method', unlessEmpty(client.public ? 'none' : client.tokenEndpointAuthMethod)],
    ['token_endpoint_auth_signing_alg', unlessEmpty(client.tokenEndpointAuthSigningAlg)],
    ['request_uris', unlessNone(openid?.requestUris)],
    ['request_object_signing_alg', unlessEmpty(openid?.requestObjectSigningAlg)],
    ['userinfo_signed_response_alg', unlessEmpty(openid?.userinfoSignedResponseAlg)],
    ['created_at', JSON.stringify(new Date(client.createdAtMs).toISOString())],
    ['updated_at', JSON.stringify(new Date(client.updatedAtMs).toISOString())],
    ['frontchannel_logout_uri', unlessEmpty(logout?.frontchannelLogoutUri)],
    ['frontchannel_logout_session_required', unlessFalse(logout?.frontchannelLogoutSessionRequired)],
    ['post_logout_redirect_uris', unlessNone(logout?.postLogoutRedirectUris)],
    ['backchannel_logout_uri', unlessEmpty(logout?.backchannelLogoutUri)],
    ['backchannel_logout_session_required', unlessFalse(logout?.backchannelLogoutSessionRequired)],
    ['metadata', client.metadataJson === '' ? '{}' : client.metadataJson],
    ['access_token_strategy', unlessEmpty(tokens?.accessTokenFormat)],
    ['skip_consent', String(loginConsent?.skipConsent ?? false)],
    ['skip_logout_consent', String(logout?.skipLogoutConsent ?? false)],
    ...lifespanEntries(tokens?.lifespansMs),
    ...ownEntries(client),
  ];
}

/** Members that Hydra does not know, where they are set. */
function ownEntries({ requirePkce, openid, loginConsent }: tokenV1.Client): readonly JsonMember[] {
  return [
    ['require_pkce', unlessFalse(requirePkce)],
    ['application_type', unlessEmpty(openid?.applicationType)],
    ['id_token_signed_response_alg', unlessEmpty(openid?.idTokenSignedResponseAlg)],
    ['default_max_age', openid?.defaultMaxAge === undefined ? undefined : String(openid.defaultMaxAge)],
    ['default_acr_values', unlessNone(openid?.defaultAcrValues)],
    ['initiate_login_uri', unlessEmpty(openid?.initiateLoginUri)],
    ['login_consent_flow', unlessEmpty(loginConsent?.flow)],
  ];
}

/** The names of those members. */
const ownNames = [
  'require_pkce',
  'application_type',
  'id_token_signed_response_alg',
  'default_max_age',
  'default_acr_values',
  'initiate_login_uri',
  'login_consent_flow',
] as const;

/**
 * A body that replaces a client, with what Hydra's clients cannot say kept: they do not know these members, and leaving
 * them out must not switch PKCE off. `null` removes one.
 */
export function keepOwnMembers(body: HydraClientBody, stored: tokenV1.Client): HydraClientBody {
  const before = hydraClientBodySchema.parse(JSON.parse(hydraClientJson(stored)));
  const kept = ownNames.filter((name) => body[name] === undefined).map((name) => [name, before[name]]);
  return { ...body, ...(Object.fromEntries(kept) as Partial<HydraClientBody>) };
}

function orDefault(values: readonly string[], fallback: string): readonly string[] {
  return values.length === 0 ? [fallback] : values;
}

function unlessEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : JSON.stringify(value);
}

function unlessFalse(value: boolean | undefined): string | undefined {
  return value === true ? 'true' : undefined;
}

function unlessNone(values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0 ? undefined : JSON.stringify(values);
}
