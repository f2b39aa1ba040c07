import type { tokenV1 } from '@castellan/rpc';

import { jsonObject } from './json.js';

/** Writes what is known of a token as Hydra's admin API does: `aud` is a list, an inactive token has `active` only. */
export function inspectionJson({ introspection, tokenUse }: tokenV1.InspectTokenResponse): string {
  if (introspection?.active !== true) {
    return '{"active":false}';
  }
  const issuedAt = String(Math.floor(introspection.issuedAtMs / 1000));
  return jsonObject([
    ['active', 'true'],
    ['scope', JSON.stringify(introspection.scopes.join(' '))],
    ['client_id', JSON.stringify(introspection.clientId)],
    ['sub', JSON.stringify(introspection.subject)],
    ['exp', String(Math.floor(introspection.expiresAtMs / 1000))],
    ['iat', issuedAt],
    ['nbf', issuedAt],
    ['aud', JSON.stringify(introspection.audience)],
    ['iss', JSON.stringify(introspection.issuer)],
    ['token_type', '"Bearer"'],
    ['token_use', JSON.stringify(tokenUse)],
    ['ext', introspection.extraJson !== '' ? introspection.extraJson : undefined],
  ]);
}
