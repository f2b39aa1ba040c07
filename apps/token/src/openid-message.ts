import type { OpenIdRegistration } from '@castellan/oauth2';
import type { tokenV1 } from '@castellan/rpc';

/** What a client registered about OpenID Connect, as it travels. */
export function toOpenIdMessage(openid: OpenIdRegistration): tokenV1.OpenIdRegistration {
  return {
    applicationType: openid.applicationType ?? '',
    subjectType: openid.subjectType ?? '',
    sectorIdentifierUri: openid.sectorIdentifierUri ?? '',
    idTokenSignedResponseAlg: openid.idTokenSignedResponseAlg ?? '',
    userinfoSignedResponseAlg: openid.userinfoSignedResponseAlg ?? '',
    defaultMaxAge: openid.defaultMaxAge,
    defaultAcrValues: [...(openid.defaultAcrValues ?? [])],
    initiateLoginUri: openid.initiateLoginUri ?? '',
    requestUris: [...(openid.requestUris ?? [])],
    requestObjectSigningAlg: openid.requestObjectSigningAlg ?? '',
  };
}
