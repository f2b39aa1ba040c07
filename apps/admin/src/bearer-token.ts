import type { FormParameter } from '@castellan/service';

/** What a request shows of a bearer token (RFC 6750 section 2.1). */
export type PresentedToken =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  /** Two places: refused, because two readers could choose differently. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'token'; readonly token: string };

/** b64token of RFC 6750 section 2.1; longer than any token of ours is no token. */
const B64_TOKEN = /^[A-Za-z0-9._~+/-]{1,4096}=*$/;

/**
 * Reads the bearer token of a request. Only the Authorization header counts, with the scheme in any case; a token in
 * the query would reach logs and Referer headers, so it is never used, and beside a header it makes the request
 * ambiguous. The edge has refused a second Authorization header already.
 */
export function readBearerToken(authorization: string | undefined, query: readonly FormParameter[]): PresentedToken {
  if (authorization === undefined) {
    return { kind: 'none' };
  }
  if (query.some(({ name }) => name === 'access_token')) {
    return { kind: 'ambiguous' };
  }
  const [, scheme = '', credentials = ''] = /^([^ ]*) *(.*)$/s.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== 'bearer' || credentials === '') {
    return { kind: 'none' };
  }
  return B64_TOKEN.test(credentials) ? { kind: 'token', token: credentials } : { kind: 'malformed' };
}
