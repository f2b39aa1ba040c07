const maxLength = 2048;
// Response parameters (RFC 6749 section 4.1.2, RFC 9207, JARM): a registered URI that holds one could shadow ours.
const reservedQueryNames = new Set([
  'code',
  'state',
  'error',
  'error_description',
  'error_uri',
  'iss',
  'id_token',
  'access_token',
  'token_type',
  'expires_in',
  'scope',
  'response',
  'session_state',
]);
// Schemes that a browser or system runs or fetches itself instead of handing over to an app.
const refusedSchemes = new Set([
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'filesystem:',
  'blob:',
  'about:',
  'view-source:',
  'ws:',
  'wss:',
  'ftp:',
  'mailto:',
  'chrome:',
  'intent:',
]);
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]']);
const dotSegment = /\/(\.|%2e){1,2}(\/|$)/i;
// A URL parser lets more pass for a host, such as `;` and `,`, which end a source in a Content-Security-Policy.
const webAuthority = /^https?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?]|$)/;

/**
 * Says what is wrong with a redirection URI that a client wants to register; undefined when it may be registered.
 * Comparison at the authorization endpoint is byte by byte, so everything that two parsers could read differently is
 * refused here (RFC 6749 section 3.1.2, RFC 8252 section 7, RFC 9700 section 2.1).
 */
export function redirectUriProblem(uri: string): string | undefined {
  if (uri === '') return 'it is empty';
  if (uri.length > maxLength) return 'it is longer than 2048 characters';
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'it holds a character that is not printable ASCII';
  if (/[\\<>"`^{|}]/.test(uri)) return 'it holds a character that no URI may hold';
  if (/%(?![0-9A-Fa-f]{2})|%[01][0-9A-Fa-f]|%7[Ff]/.test(uri))
    return 'it holds a malformed escape or an escaped control character';
  if (uri.includes('#')) return 'it holds a fragment';
  if (uri.includes('*')) return 'it holds a wildcard; each redirection URI must be registered in full';
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri) || !URL.canParse(uri)) return 'it is not an absolute URI';
  const parsed = new URL(uri);
  if (refusedSchemes.has(parsed.protocol)) return `the scheme ${parsed.protocol} is not allowed`;
  return webProblem(uri, parsed) ?? reservedNameProblem(parsed);
}

function webProblem(uri: string, parsed: URL): string | undefined {
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    return uri.startsWith(parsed.protocol) ? undefined : 'its scheme is not in lower case';
  }
  if (!/^https?:\/\/[^/?#@]+(?:[/?]|$)/.test(uri)) return 'it names no host, or a user before the host';
  if (!webAuthority.test(uri)) return 'its host holds a character that no host name has';
  if (dotSegment.test(uri.split('?')[0] ?? '')) return 'its path holds a dot segment';
  if (parsed.protocol === 'http:' && !isLoopbackHost(parsed.hostname)) {
    return 'plain http is allowed for localhost, 127.0.0.1 and [::1] only; use https';
  }
  return undefined;
}

function reservedNameProblem(parsed: URL): string | undefined {
  for (const name of parsed.searchParams.keys()) {
    if (reservedQueryNames.has(name)) return `its query holds the reserved name ${name}`;
  }
  return undefined;
}

/** Whether a host, as a URL parser gives it, is this machine. No suffix counts: `evillocalhost` is another host. */
export function isLoopbackHost(hostname: string): boolean {
  return loopbackHosts.has(hostname);
}
