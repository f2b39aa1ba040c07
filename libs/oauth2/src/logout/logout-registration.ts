import type { Client } from '../client.js';
import { OAuth2Error } from '../errors.js';
import { type IsAllowedHost, outboundUrlProblem } from '../outbound.js';
import { redirectUriProblem } from '../redirect-uri.js';

/**
 * What a client registered about logout (RP-Initiated Logout 1.0 section 3.1, Back-Channel Logout 1.0 section 2.2,
 * Front-Channel Logout 1.0 section 2). A member that is absent is off.
 */
export type LogoutRegistration = {
  /** Where a browser may be sent after a logout; compared byte by byte. */
  readonly postLogoutRedirectUris?: readonly string[];
  /** Where logout tokens are posted. */
  readonly backchannelLogoutUri?: string;
  /** The client wants `sid` in its logout tokens. They hold it anyhow where a session is known. */
  readonly backchannelLogoutSessionRequired?: boolean;
  /** What the browser loads in a frame. */
  readonly frontchannelLogoutUri?: string;
  /** The client wants `iss` and `sid` in the query of that frame. */
  readonly frontchannelLogoutSessionRequired?: boolean;
  /** A logout that this client starts with a valid hint needs no confirmation. An operator's to say, not the client's. */
  readonly skipLogoutConsent?: boolean;
};

/** The members as they are given; empty, false or absent is the default. */
export type LogoutMembers = {
  readonly postLogoutRedirectUris: readonly string[];
  readonly backchannelLogoutUri: string;
  readonly backchannelLogoutSessionRequired: boolean;
  readonly frontchannelLogoutUri: string;
  readonly frontchannelLogoutSessionRequired: boolean;
  readonly skipLogoutConsent: boolean;
};

const maxPostLogoutRedirectUris = 100;
const maxLength = 1024;

/** Reads the logout members of a registration; undefined when every one is absent. */
export function readLogoutRegistration(members: LogoutMembers): LogoutRegistration | undefined {
  const uris = members.postLogoutRedirectUris;
  const registration: LogoutRegistration = {
    ...(uris.length > 0 ? { postLogoutRedirectUris: [...new Set(uris)] } : {}),
    ...(members.backchannelLogoutUri !== '' ? { backchannelLogoutUri: members.backchannelLogoutUri } : {}),
    ...(members.backchannelLogoutSessionRequired ? { backchannelLogoutSessionRequired: true } : {}),
    ...(members.frontchannelLogoutUri !== '' ? { frontchannelLogoutUri: members.frontchannelLogoutUri } : {}),
    ...(members.frontchannelLogoutSessionRequired ? { frontchannelLogoutSessionRequired: true } : {}),
    ...(members.skipLogoutConsent ? { skipLogoutConsent: true } : {}),
  };
  return Object.keys(registration).length === 0 ? undefined : registration;
}

/**
 * Validates the logout members of a client: a redirection after logout is held to the rules of redirection URIs, a
 * logout token goes to a public https host, and a frame loads only from an origin that the client has anyhow
 * (Front-Channel Logout 1.0 section 2). `isAllowedHost` says which hosts are reachable although they are not public.
 *
 * @throws OAuth2Error `invalid_client_metadata`
 */
export function validateLogoutRegistration(
  { logout, redirectUris, public: isPublic }: Pick<Client, 'logout' | 'redirectUris' | 'public'>,
  isAllowedHost: IsAllowedHost,
): void {
  if (logout === undefined) return;
  checkPostLogoutRedirectUris(logout.postLogoutRedirectUris ?? []);
  if (logout.backchannelLogoutUri !== undefined) checkBackchannel(logout.backchannelLogoutUri, isAllowedHost);
  if (logout.frontchannelLogoutUri !== undefined) checkFrontchannel(logout.frontchannelLogoutUri, redirectUris);
  if (logout.skipLogoutConsent === true && isPublic) {
    throw invalid('skip_logout_consent belongs to confidential clients: anybody may speak in the name of a public one');
  }
}

function checkPostLogoutRedirectUris(uris: readonly string[]): void {
  if (uris.length > maxPostLogoutRedirectUris) {
    throw invalid(`post_logout_redirect_uris has more than ${maxPostLogoutRedirectUris} entries`);
  }
  uris.forEach((uri, index) => {
    const problem = redirectUriProblem(uri);
    if (problem !== undefined) throw invalid(`post_logout_redirect_uris[${index}]: ${problem}`);
  });
}

function checkBackchannel(uri: string, isAllowedHost: IsAllowedHost): void {
  const problem = uri.length > maxLength ? 'is too long' : outboundUrlProblem(uri, isAllowedHost);
  if (problem !== undefined) throw invalid(`backchannel_logout_uri ${problem}`);
}

function checkFrontchannel(uri: string, redirectUris: readonly string[]): void {
  const problem = uri.length > maxLength ? 'it is too long' : redirectUriProblem(uri);
  if (problem !== undefined) throw invalid(`frontchannel_logout_uri: ${problem}`);
  const { origin, protocol, searchParams } = new URL(uri);
  if (protocol !== 'https:' && protocol !== 'http:') throw invalid('frontchannel_logout_uri: a frame needs https');
  if (searchParams.has('sid')) throw invalid('frontchannel_logout_uri: its query holds the reserved name sid');
  if (!redirectUris.some((registered) => new URL(registered).origin === origin)) {
    throw invalid('frontchannel_logout_uri must have scheme, host and port of one of the redirect_uris');
  }
}

function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_client_metadata', hint);
}
