import { OAuth2Error, readLifespans, type TokenRules } from '@castellan/oauth2';
import type { tokenV1 } from '@castellan/rpc';

/** Reads what a client's tokens are like. Throws `invalid_client_metadata`. */
export function readTokenRules(message: tokenV1.TokenRules): TokenRules {
  const { accessTokenFormat, lifespansMs } = message;
  if (accessTokenFormat !== '' && accessTokenFormat !== 'opaque' && accessTokenFormat !== 'jwt') {
    throw new OAuth2Error('invalid_client_metadata', 'access_token_format must be opaque or jwt');
  }
  const lifespans = readLifespans(Object.fromEntries(lifespansMs));
  return {
    ...(accessTokenFormat !== '' ? { accessTokenFormat } : {}),
    ...(Object.keys(lifespans).length > 0 ? { lifespans } : {}),
  };
}

export function toTokenRulesMessage({ accessTokenFormat, lifespans }: TokenRules): tokenV1.TokenRules {
  return { accessTokenFormat: accessTokenFormat ?? '', lifespansMs: new Map(Object.entries(lifespans ?? {})) };
}
