/** The name by which policies know what a request is for. */
export type HttpName = { readonly host: string; readonly path: string };

/**
 * The one name of a host and path that an upstream may take in several spellings, or undefined where there is none. What a
 * path need not have encoded is decoded, other encodings are written in capitals (RFC 3986 sections 6.2.2.1 and 6.2.2.2);
 * dot segments, doubled and encoded slashes, path parameters, controls and doubled encodings have no one meaning. A host is
 * in small letters, without the final dot and a default port; one that holds anything but a name or an address and a port
 * could pose as the beginning of a path.
 */
export function nameOfHttpRequest(host: string, path: string): HttpName | undefined {
  const canonicalHost = nameOfHost(host);
  const canonicalPath = nameOfPath(path);
  return canonicalHost === undefined || canonicalPath === undefined
    ? undefined
    : { host: canonicalHost, path: canonicalPath };
}

const hostPattern = /^(?:[a-z0-9._-]*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

function nameOfHost(host: string): string | undefined {
  const small = host.toLowerCase();
  return hostPattern.test(small) ? small.replace(/:(?:80|443)$/, '').replace(/\.(?=$|:)/, '') : undefined;
}

/** Dot segments and doubled slashes, backslashes and parameters, and what cannot stand in a path at all. */
const ambiguous = /\/\.{0,2}\/|\/\.{1,2}$|[\\;]|[^\x21-\x7e]|%(?![0-9a-f]{2})/i;
/** Encoded: controls, `%`, `.`, `/`, `;`, `\`, DEL. */
const ambiguousEncoding = /%(?:[01][0-9a-f]|25|2e|2f|3b|5c|7f)/i;

function nameOfPath(path: string): string | undefined {
  if (!path.startsWith('/') || ambiguous.test(path) || ambiguousEncoding.test(path)) return undefined;
  return path.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9\-_~!$&'()*+,=:@]/.test(character) ? character : encoded.toUpperCase();
  });
}

/** Headers by which frameworks let a request be of another method or path than was decided about. */
const overrides = new Set([
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
]);

/**
 * Headers of a request that must not reach the upstream: those that make another request of it, and those that an upstream
 * which takes `_` for `-` would read as one of `ours`.
 */
export function misleadingHeaders(names: Iterable<string>, ours: readonly string[]): readonly string[] {
  return [...names].filter((name) => {
    const plain = name.toLowerCase().replaceAll('_', '-');
    return overrides.has(plain) || (plain !== name.toLowerCase() && ours.includes(plain));
  });
}
