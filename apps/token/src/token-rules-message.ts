import { OAuth2Error, readAccessTokenFormat, readLifespans, audienceProblem, type TokenRules } from '@castellan/oauth2';
import type { tokenV1 } from '@castellan/rpc';

/** Reads what a client's tokens are like. Throws `invalid_client_metadata`. */
export function readTokenRules(message: tokenV1.TokenRules): TokenRules {
  const { lifespansMs } = message;
  const accessTokenFormat = readAccessTokenFormat(message.accessTokenFormat);
  for (const entry of message.audience) {
    const problem = audienceProblem(entry);
    if (problem !== undefined) throw new OAuth2Error('invalid_client_metadata', `audience: each entry ${problem}`);
  }
  const lifespans = readLifespans(Object.fromEntries(lifespansMs));
  return {
    ...(accessTokenFormat !== undefined ? { accessTokenFormat } : {}),
    ...(Object.keys(lifespans).length > 0 ? { lifespans } : {}),
    ...(message.audience.length > 0 ? { audience: [...new Set(message.audience)] } : {}),
  };
}

export function toTokenRulesMessage({ accessTokenFormat, lifespans, audience }: TokenRules): tokenV1.TokenRules {
  return {
    accessTokenFormat: accessTokenFormat ?? '',
    lifespansMs: new Map(Object.entries(lifespans ?? {})),
    audience: [...(audience ?? [])],
  };
}
