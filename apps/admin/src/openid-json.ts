import type { tokenV1 } from '@castellan/rpc';
import { z } from 'zod';

import { jsonList, listSchema as list, textSchema as text } from './json.js';

/** OpenID Connect members of a client's body (OpenID Connect Dynamic Client Registration 1.0 section 2). */
export const openIdMembers = {
  application_type: text,
  subject_type: text,
  sector_identifier_uri: text,
  id_token_signed_response_alg: text,
  userinfo_signed_response_alg: text,
  default_max_age: z.number().int().min(0).max(2_147_483_647).nullish(),
  default_acr_values: list,
  initiate_login_uri: text,
  request_uris: list,
  request_object_signing_alg: text,
};

type OpenIdBody = z.infer<z.ZodObject<typeof openIdMembers>>;

/** Reads the members out of a body. */
export function openIdFromBody(body: OpenIdBody): tokenV1.OpenIdRegistration {
  return {
    applicationType: body.application_type ?? '',
    subjectType: body.subject_type ?? '',
    sectorIdentifierUri: body.sector_identifier_uri ?? '',
    idTokenSignedResponseAlg: body.id_token_signed_response_alg ?? '',
    userinfoSignedResponseAlg: body.userinfo_signed_response_alg ?? '',
    defaultMaxAge: body.default_max_age ?? undefined,
    defaultAcrValues: body.default_acr_values ?? [],
    initiateLoginUri: body.initiate_login_uri ?? '',
    requestUris: body.request_uris ?? [],
    requestObjectSigningAlg: body.request_object_signing_alg ?? '',
  };
}

/** Writes the members that are set, each as its name and JSON text. */
export function openIdEntries(
  openid: tokenV1.OpenIdRegistration | undefined,
): (readonly [name: string, json: string | undefined])[] {
  if (openid === undefined) {
    return [];
  }
  const acrs = openid.defaultAcrValues;
  return [
    ['application_type', unlessEmpty(openid.applicationType)],
    ['subject_type', unlessEmpty(openid.subjectType)],
    ['sector_identifier_uri', unlessEmpty(openid.sectorIdentifierUri)],
    ['id_token_signed_response_alg', unlessEmpty(openid.idTokenSignedResponseAlg)],
    ['userinfo_signed_response_alg', unlessEmpty(openid.userinfoSignedResponseAlg)],
    ['default_max_age', openid.defaultMaxAge === undefined ? undefined : String(openid.defaultMaxAge)],
    ['default_acr_values', acrs.length > 0 ? jsonList(acrs) : undefined],
    ['initiate_login_uri', unlessEmpty(openid.initiateLoginUri)],
    ['request_uris', openid.requestUris.length > 0 ? jsonList(openid.requestUris) : undefined],
    ['request_object_signing_alg', unlessEmpty(openid.requestObjectSigningAlg)],
  ];
}

function unlessEmpty(value: string): string | undefined {
  return value === '' ? undefined : JSON.stringify(value);
}
