import type { tokenV1 } from '@castellan/rpc';

/** Names of the cookies that bind a browser to its flows (rulings 43) and to its login session. */
const FLOW_COOKIE_PREFIXES = [
  'castellan_flow_',
  '__Host-castellan_flow_',
  'castellan_session',
  '__Host-castellan_session',
];

/** RFC 6265 section 4.1.1: cookie-name is a token, cookie-value has neither controls, blanks, quotes, commas nor semicolons. */
const COOKIE_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const COOKIE_VALUE = /^[!#-+\--:<-[\]-~]*$/;

/** Reads the flow and session cookies of a Cookie header, in order, as they came; other cookies are none of our business. */
export function readFlowCookies(header: string | undefined): tokenV1.Cookie[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const separator = pair.indexOf('=');
    const name = pair.slice(0, Math.max(separator, 0)).trim();
    const isFlow = FLOW_COOKIE_PREFIXES.some((prefix) => name.startsWith(prefix));
    return isFlow ? [{ name, value: pair.slice(separator + 1).trim() }] : [];
  });
}

/**
 * Writes a Set-Cookie header value. An empty value clears the cookie. A `__Host-` name is always Secure, because
 * browsers refuse it otherwise. A name or value that cannot be a cookie is a fault of ours and throws.
 */
export function writeFlowCookie(cookie: tokenV1.SetCookie, secure: boolean): string {
  if (!COOKIE_NAME.test(cookie.name) || !COOKIE_VALUE.test(cookie.value)) {
    throw new Error('a cookie to set has characters that a cookie cannot have');
  }
  const maxAge = cookie.value === '' ? 0 : Math.max(0, cookie.maxAgeSeconds);
  const lifetime = cookie.untilClosed === true && cookie.value !== '' ? '' : `; Max-Age=${maxAge}`;
  const needsSecure = secure || cookie.name.startsWith('__Host-');
  return `${cookie.name}=${cookie.value}; Path=/${lifetime}; HttpOnly; SameSite=Lax${needsSecure ? '; Secure' : ''}`;
}
