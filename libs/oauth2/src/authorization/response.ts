import type { OAuth2Error } from '../errors.js';
import type { ResponseMode } from './response-mode.js';

/** Where an authorization response goes. */
export type ResponseTarget = {
  readonly redirectUri: string;
  readonly mode: ResponseMode;
  readonly state?: string | undefined;
  readonly issuer: string;
};

/** What a successful authorization returns; absent members are not part of the response type. */
export type ResponseValues = {
  readonly accessToken?: string | undefined;
  readonly code?: string | undefined;
  /** Seconds. */
  readonly expiresIn?: number | undefined;
  readonly idToken?: string | undefined;
  readonly scope?: string | undefined;
};

/** The location of a successful authorization response (RFC 6749 sections 4.1.2 and 4.2.2, RFC 9207 section 2). */
export function successLocation(target: ResponseTarget, values: ResponseValues): string {
  return locationWith(target, [
    ['access_token', values.accessToken],
    ['code', values.code],
    ['expires_in', values.expiresIn?.toString()],
    ['id_token', values.idToken],
    ['scope', values.scope],
    ['state', target.state],
    ['token_type', values.accessToken === undefined ? undefined : 'bearer'],
    ['iss', target.issuer],
  ]);
}

/** The location of an error response (RFC 6749 section 4.1.2.1, RFC 9207 section 2). */
export function errorLocation(target: ResponseTarget, error: OAuth2Error): string {
  return locationWith(target, [
    ['error', error.code],
    ['error_description', errorDescription(error)],
    ['state', target.state],
    ['iss', target.issuer],
  ]);
}

/**
 * The words for the client's developer, in the characters of RFC 6749 section 4.1.2.1. What was wrong with a consent
 * response is between this server and the consent app and stays out.
 */
export function errorDescription(error: OAuth2Error): string {
  const hint = error.code === 'access_denied' ? undefined : error.hint;
  const text = hint === undefined ? error.description : `${error.description}: ${hint}`;
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}

/** Appends parameters to the query of a URI that may already have one. */
export function appendQuery(uri: string, parameters: readonly Entry[]): string {
  const separator = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&';
  return uri + separator + encode(parameters);
}

type Entry = readonly [name: string, value: string | undefined];

function locationWith(target: ResponseTarget, parameters: readonly Entry[]): string {
  if (target.mode === 'query') return appendQuery(target.redirectUri, parameters);
  return `${target.redirectUri}#${encode(parameters)}`;
}

// %20 and never +, so that the text reads the same as a form and as a URI component, and in a query as in a fragment.
function encode(parameters: readonly Entry[]): string {
  return parameters
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join('&');
}
