import type { tokenV1 } from '@castellan/rpc';

import { flagSchema as flag, type JsonMember, listSchema as list, textSchema as text } from './json.js';
import type { z } from 'zod';

/** Logout members of a client's body (RP-Initiated, Back-Channel and Front-Channel Logout 1.0). */
export const logoutMembers = {
  post_logout_redirect_uris: list,
  backchannel_logout_uri: text,
  backchannel_logout_session_required: flag,
  frontchannel_logout_uri: text,
  frontchannel_logout_session_required: flag,
  skip_logout_consent: flag,
};

type LogoutBody = z.infer<z.ZodObject<typeof logoutMembers>>;

/** Reads the members out of a body. */
export function logoutFromBody(body: LogoutBody): tokenV1.LogoutRegistration {
  return {
    postLogoutRedirectUris: body.post_logout_redirect_uris ?? [],
    backchannelLogoutUri: body.backchannel_logout_uri ?? '',
    backchannelLogoutSessionRequired: body.backchannel_logout_session_required ?? false,
    frontchannelLogoutUri: body.frontchannel_logout_uri ?? '',
    frontchannelLogoutSessionRequired: body.frontchannel_logout_session_required ?? false,
    skipLogoutConsent: body.skip_logout_consent ?? false,
  };
}

/** Writes the members that are set. */
export function logoutEntries(logout: tokenV1.LogoutRegistration | undefined): readonly JsonMember[] {
  if (logout === undefined) return [];
  const uris = logout.postLogoutRedirectUris;
  return [
    ['post_logout_redirect_uris', uris.length > 0 ? JSON.stringify(uris) : undefined],
    ['backchannel_logout_uri', unlessEmpty(logout.backchannelLogoutUri)],
    ['backchannel_logout_session_required', unlessFalse(logout.backchannelLogoutSessionRequired)],
    ['frontchannel_logout_uri', unlessEmpty(logout.frontchannelLogoutUri)],
    ['frontchannel_logout_session_required', unlessFalse(logout.frontchannelLogoutSessionRequired)],
    ['skip_logout_consent', unlessFalse(logout.skipLogoutConsent)],
  ];
}

function unlessEmpty(value: string): string | undefined {
  return value === '' ? undefined : JSON.stringify(value);
}

function unlessFalse(value: boolean): string | undefined {
  return value ? 'true' : undefined;
}
