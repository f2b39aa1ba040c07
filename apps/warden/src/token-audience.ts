import type { tokenV1 } from '@castellan/rpc';

/**
 * Whether a token is meant for the server that issued it: it was asked for no resource, or for the issuer among others. One
 * that was asked for other resources (RFC 8707) is in the hands of those, and opens nothing here (RFC 9068 section 4).
 */
export function isForIssuer({
  audience,
  clientId,
  issuer,
}: Pick<tokenV1.Introspection, 'audience' | 'clientId' | 'issuer'>): boolean {
  return audience.includes(issuer) || audience.every((resource) => resource === clientId);
}
