import type { LogoutRegistration } from '@castellan/oauth2';
import type { tokenV1 } from '@castellan/rpc';

/** What a client registered about logout, as it travels. */
export function toLogoutMessage(logout: LogoutRegistration): tokenV1.LogoutRegistration {
  return {
    postLogoutRedirectUris: [...(logout.postLogoutRedirectUris ?? [])],
    backchannelLogoutUri: logout.backchannelLogoutUri ?? '',
    backchannelLogoutSessionRequired: logout.backchannelLogoutSessionRequired ?? false,
    frontchannelLogoutUri: logout.frontchannelLogoutUri ?? '',
    frontchannelLogoutSessionRequired: logout.frontchannelLogoutSessionRequired ?? false,
    skipLogoutConsent: logout.skipLogoutConsent ?? false,
  };
}
