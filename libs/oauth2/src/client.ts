import type { Jwk } from '@castellan/jwk';
import { OAuth2Error } from './errors.js';
import type { LoginConsentFlow } from './interaction/interaction.js';
import type { Lifespans } from './lifespans.js';
import type { JsonObject } from './grant.js';
import type { LogoutRegistration } from './logout/logout-registration.js';

/** An OAuth 2.0 client (RFC 6749 section 2; member names on the wire are those of RFC 7591 section 2). */
export type Client = {
  readonly id: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  /** Each entry one response type of one or several words; single words registered together allow their combinations. */
  readonly responseTypes: readonly string[];
  /** Scopes the client may ask for (hierarchic). */
  readonly scopes: readonly string[];
  readonly owner: string;
  readonly policyUri: string;
  readonly tosUri: string;
  readonly clientUri: string;
  readonly logoUri: string;
  readonly contacts: readonly string[];
  /** A public client has no secret (RFC 6749 section 2.1). */
  readonly public: boolean;
  /** Present when registered explicitly; absent lets Basic, body or both authenticate (rulings 29). */
  readonly tokenEndpointAuthMethod?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';
  /** The one algorithm of its client assertions; absent: each that fits its keys. */
  readonly tokenEndpointAuthSigningAlg?: string;
  /** Its public keys; never beside `jwksUri`. */
  readonly jwks?: readonly Jwk[];
  readonly jwksUri?: string;
  readonly tokens?: TokenRules;
  readonly requirePkce: boolean;
  readonly openid?: OpenIdRegistration;
  readonly logout?: LogoutRegistration;
  /** What its operator notes about it. Nothing here reads it. */
  readonly metadata?: JsonObject;
  readonly loginConsent?: LoginConsentRules;
};

/** How the users of a client log in and consent. */
export type LoginConsentRules = {
  /** Absent: as the server is configured. */
  readonly flow?: LoginConsentFlow;
  /** The consent app need not ask: the operator trusts the client. */
  readonly skipConsent?: boolean;
};

/** What a client's tokens are like, where they differ from the server's. */
export type TokenRules = {
  /** Absent: opaque. */
  readonly accessTokenFormat?: AccessTokenFormat;
  readonly lifespans?: Lifespans;
  /** Resources it may ask tokens for (RFC 8707); absent: none. */
  readonly audience?: readonly string[];
};

/** Opaque; a JWT (RFC 9068) with a row in the database; or a JWT without one. */
export const accessTokenFormats = ['opaque', 'jwt', 'stateless-jwt'] as const;

/** One of `accessTokenFormats`. */
export type AccessTokenFormat = (typeof accessTokenFormats)[number];

/** Reads a format as it is registered; undefined for an empty text. Throws `invalid_client_metadata`. */
export function readAccessTokenFormat(text: string): AccessTokenFormat | undefined {
  const format = accessTokenFormats.find((known) => known === text);
  if (text === '' || format !== undefined) return format;
  throw new OAuth2Error('invalid_client_metadata', `access_token_format must be ${accessTokenFormats.join(' or ')}`);
}

/**
 * What a client registered about OpenID Connect (OpenID Connect Dynamic Client Registration 1.0 section 2). A member
 * that is absent has its default there.
 */
export type OpenIdRegistration = {
  /** Registered explicitly, it narrows the redirection URIs; absent, both kinds may be registered. */
  readonly applicationType?: 'web' | 'native';
  readonly subjectType?: 'public' | 'pairwise';
  /** Names the redirection URIs of all clients that see the same pairwise subjects. */
  readonly sectorIdentifierUri?: string;
  readonly idTokenSignedResponseAlg?: string;
  /** Present: userinfo answers a JWT signed with it. */
  readonly userinfoSignedResponseAlg?: string;
  /** Seconds; the `max_age` of requests that have none. */
  readonly defaultMaxAge?: number;
  /** The `acr_values` of requests that have none. */
  readonly defaultAcrValues?: readonly string[];
  readonly initiateLoginUri?: string;
  /** Where its request objects are; a `request_uri` is compared byte by byte. */
  readonly requestUris?: readonly string[];
  /** The one algorithm of its request objects, `none` for unsigned ones; absent: each that fits its keys. */
  readonly requestObjectSigningAlg?: string;
};

/** How a secret is verified: generated ones by peppered HMAC, chosen ones by a slow hash (docs/adr/0007). */
export type ClientSecretHash =
  { readonly kind: 'hmac'; readonly hash: string } | { readonly kind: 'argon2id'; readonly hash: string };

/** Whether the client may use a grant type. None registered counts as `authorization_code` (RFC 7591 section 2). */
export function allowsGrantType(client: Client, grantType: string): boolean {
  const registered = client.grantTypes.length === 0 ? ['authorization_code'] : client.grantTypes;
  return registered.includes(grantType);
}

/**
 * Whether the client may use a response type, given as its words. It may when that combination is registered in any
 * order, or each of its words alone. None registered counts as `code` (RFC 7591 section 2).
 */
export function allowsResponseType(client: Client, words: readonly string[]): boolean {
  const registered = client.responseTypes.length === 0 ? ['code'] : client.responseTypes;
  if (words.every((word) => registered.includes(word))) return true;
  const asked = [...words].sort().join(' ');
  return registered.some((entry) => entry.split(' ').sort().join(' ') === asked);
}
