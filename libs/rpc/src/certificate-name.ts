import { isPeerName, type StatedPeerName } from './contract.js';

const SPIFFE_PREFIX = 'spiffe://castellan/';

/**
 * URI names of a certificate's subject alternative names, from Node's text form `DNS:a, URI:b`. Node quotes an entry
 * that holds anything unusual, so that one name cannot pose as two; quoted entries are left out.
 */
export function uriNamesOf(subjectAltName: string | undefined): readonly string[] {
  const names: string[] = [];
  for (const entry of (subjectAltName ?? '').matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g)) {
    const [, kind, value] = entry;
    if (kind === 'URI' && value !== undefined && !value.startsWith('"')) names.push(value);
  }
  return names;
}

/** The service that a certificate names by `spiffe://castellan/<name>`. `client` cannot be named this way. */
export function spiffeNameOf(uri: string): StatedPeerName | undefined {
  if (!uri.startsWith(SPIFFE_PREFIX)) return undefined;
  const name = uri.slice(SPIFFE_PREFIX.length);
  return isPeerName(name) && name !== 'client' ? name : undefined;
}
