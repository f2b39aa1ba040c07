import type { Client, OpenIdRegistration } from './client.js';
import { OAuth2Error } from './errors.js';
import { type IsAllowedHost, outboundUrlProblem } from './outbound.js';
import { isLoopbackHost } from './redirect-uri.js';

/** The members as a client's operator gives them; empty or absent is the default. */
export type OpenIdMembers = {
  readonly applicationType: string;
  readonly subjectType: string;
  readonly sectorIdentifierUri: string;
  readonly idTokenSignedResponseAlg: string;
  readonly userinfoSignedResponseAlg: string;
  readonly defaultMaxAge?: number | undefined;
  readonly defaultAcrValues: readonly string[];
  readonly initiateLoginUri: string;
  readonly requestUris: readonly string[];
  readonly requestObjectSigningAlg: string;
};

const maxAcrValues = 20;
const maxRequestUris = 20;
const maxLength = 1024;

/**
 * Reads the OpenID Connect members of a registration; undefined when every one is absent.
 *
 * @throws OAuth2Error `invalid_client_metadata`
 */
export function readOpenIdRegistration(members: OpenIdMembers): OpenIdRegistration | undefined {
  const { applicationType, subjectType, defaultMaxAge, defaultAcrValues } = members;
  const registration: OpenIdRegistration = {
    ...oneOf('application_type', 'applicationType', applicationType, ['web', 'native'] as const),
    ...oneOf('subject_type', 'subjectType', subjectType, ['public', 'pairwise'] as const),
    ...text('sectorIdentifierUri', members.sectorIdentifierUri),
    ...text('idTokenSignedResponseAlg', members.idTokenSignedResponseAlg),
    ...text('userinfoSignedResponseAlg', members.userinfoSignedResponseAlg),
    ...(defaultMaxAge !== undefined ? { defaultMaxAge } : {}),
    ...(defaultAcrValues.length > 0 ? { defaultAcrValues } : {}),
    ...text('initiateLoginUri', members.initiateLoginUri),
    ...(members.requestUris.length > 0 ? { requestUris: members.requestUris } : {}),
    ...text('requestObjectSigningAlg', members.requestObjectSigningAlg),
  };
  return Object.keys(registration).length === 0 ? undefined : registration;
}

/**
 * Validates the OpenID Connect members of a client and what they demand of its redirection URIs. Whether the server can
 * sign with an algorithm, and what a sector identifier URI lists, is checked where keys and network are.
 *
 * @throws OAuth2Error `invalid_client_metadata`, `invalid_redirect_uri`
 */
export function validateOpenIdRegistration(client: Client, isAllowedHost?: IsAllowedHost): void {
  const { openid } = client;
  if (openid === undefined) return;
  if (openid.applicationType !== undefined) checkApplicationType(client, openid.applicationType);
  checkHttps('sector_identifier_uri', openid.sectorIdentifierUri);
  checkHttps('initiate_login_uri', openid.initiateLoginUri);
  if (openid.subjectType === 'pairwise') sectorOf(client);
  checkRequestUris(openid.requestUris ?? [], isAllowedHost);
  checkDefaults(openid);
}

/**
 * The sector identifier of a client (OpenID Connect Core section 8.1): the host that its pairwise subjects belong to.
 *
 * @throws OAuth2Error `invalid_client_metadata` when its redirection URIs are on several hosts and no sector is named
 */
export function sectorOf({ openid, redirectUris }: Pick<Client, 'openid' | 'redirectUris'>): string {
  if (openid?.sectorIdentifierUri !== undefined) return new URL(openid.sectorIdentifierUri).host;
  const hosts = new Set(redirectUris.map((uri) => new URL(uri).host));
  const [host] = hosts;
  if (hosts.size !== 1 || host === undefined || host === '') {
    throw invalid('subject_type pairwise needs redirect_uris on one host, or a sector_identifier_uri');
  }
  return host;
}

function checkApplicationType(client: Client, type: 'web' | 'native'): void {
  client.redirectUris.forEach((uri, index) => {
    const { protocol, hostname } = new URL(uri);
    const web = protocol === 'https:' || protocol === 'http:';
    if (type === 'web' && !web) throw invalidRedirect(index, 'a web application has https redirection URIs');
    if (type === 'web' && client.grantTypes.includes('implicit') && (protocol !== 'https:' || isLoopbackHost(hostname)))
      throw invalidRedirect(index, 'the implicit grant of a web application needs https and a host that is not local');
    if (type === 'native' && protocol === 'http:' && !isLoopbackHost(hostname))
      throw invalidRedirect(index, 'a native application has schemes of its own, https, or http on the loopback');
  });
}

function checkRequestUris(uris: readonly string[], isAllowedHost?: IsAllowedHost): void {
  if (uris.length > maxRequestUris) throw invalid(`request_uris has more than ${maxRequestUris} entries`);
  for (const uri of uris) {
    const [url = '', fragment = '', ...more] = uri.split('#');
    const problem = uri.length > maxLength ? 'is too long' : outboundUrlProblem(url, isAllowedHost);
    if (problem !== undefined) throw invalid(`request_uris: each ${problem}`);
    if (more.length > 0 || !/^[A-Za-z0-9_-]*$/.test(fragment)) throw invalid('request_uris: a fragment must be a hash');
  }
}

function checkHttps(member: string, uri: string | undefined): void {
  if (uri === undefined) return;
  if (
    uri.length > maxLength ||
    !/^https:\/\/[^/?#@\\]+(?:[/?]|$)/.test(uri) ||
    /[#\\\s]/.test(uri) ||
    !URL.canParse(uri)
  ) {
    throw invalid(`${member} must be an https URL without user and fragment`);
  }
}

function checkDefaults({ defaultMaxAge, defaultAcrValues = [] }: OpenIdRegistration): void {
  if (defaultMaxAge !== undefined && !(Number.isSafeInteger(defaultMaxAge) && defaultMaxAge >= 0)) {
    throw invalid('default_max_age must be a whole number of seconds');
  }
  if (defaultAcrValues.length > maxAcrValues || !defaultAcrValues.every((acr) => /^[\x21-\x7e]{1,255}$/.test(acr))) {
    throw invalid('default_acr_values: at most 20 entries of printable characters without blanks');
  }
}

function oneOf<Name extends string, Value extends string>(
  member: string,
  name: Name,
  value: string,
  values: readonly Value[],
): { readonly [name in Name]?: Value } {
  if (value === '') return {};
  const known = values.find((each) => each === value);
  if (known === undefined) throw invalid(`${member} must be one of ${values.join(', ')}`);
  return { [name]: known } as { readonly [name in Name]?: Value };
}

function text<Name extends string>(name: Name, value: string): { readonly [name in Name]?: string } {
  return value === '' ? {} : ({ [name]: value } as { readonly [name in Name]?: string });
}

function invalid(hint: string): OAuth2Error {
  return new OAuth2Error('invalid_client_metadata', hint);
}

function invalidRedirect(index: number, problem: string): OAuth2Error {
  return new OAuth2Error('invalid_redirect_uri', `redirect_uris[${index}]: ${problem}`);
}
