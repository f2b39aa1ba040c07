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

/** An authorization response: where the browser goes, and in the response mode form_post what it posts there. */
export type AuthorizationResponse = { readonly location: string; readonly form?: readonly Field[] };

/** A field of a form. */
export type Field = { readonly name: string; readonly value: string };

/** A successful authorization response (RFC 6749 sections 4.1.2 and 4.2.2, RFC 9207 section 2). */
export function successResponse(target: ResponseTarget, values: ResponseValues): AuthorizationResponse {
  return responseWith(target, [
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

/** An error response (RFC 6749 section 4.1.2.1, RFC 9207 section 2). */
export function errorResponse(target: ResponseTarget, error: OAuth2Error): AuthorizationResponse {
  return responseWith(target, [
    ['error', error.code],
    ['error_description', errorDescription(error)],
    ['state', target.state],
    ['iss', target.issuer],
  ]);
}

/** What an app refused with, in its own words (RFC 6749 section 4.1.2.1 for the characters, RFC 9207 section 2). */
export function rejectionResponse(
  target: ResponseTarget,
  { error, description, hint }: { readonly error: string; readonly description: string; readonly hint: string },
): AuthorizationResponse {
  const text = printable([description, hint].filter((part) => part !== '').join(' '));
  return responseWith(target, [
    ['error', error],
    ['error_description', text === '' ? undefined : text],
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
  return printable(text);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}

/** Appends parameters to the query of a URI that may already have one. */
export function appendQuery(uri: string, parameters: readonly Entry[]): string {
  const separator = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&';
  return uri + separator + encode(parameters);
}

type Entry = readonly [name: string, value: string | undefined];

function responseWith(target: ResponseTarget, parameters: readonly Entry[]): AuthorizationResponse {
  switch (target.mode) {
    case 'query':
      return { location: appendQuery(target.redirectUri, parameters) };
    case 'fragment':
      return { location: `${target.redirectUri}#${encode(parameters)}` };
    case 'form_post':
      return {
        location: target.redirectUri,
        form: parameters.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
      };
  }
}

// %20 and never +, so that the text reads the same as a form and as a URI component, and in a query as in a fragment.
function encode(parameters: readonly Entry[]): string {
  return parameters
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join('&');
}
