import { allowsGrantType } from '../../client.js';
import type { StoredClient } from '../../client-store.js';
import { OAuth2Error } from '../../errors.js';
import { mintIdToken } from '../../id-token.js';
import { type ParameterMap, requireParameter } from '../../parameters.js';
import { matchesCodeChallenge } from '../../pkce.js';
import { grantsOfflineAccess } from '../../scope.js';
import { issueAccessToken } from '../access-token-jwt.js';
import { expiresIn, mintFor, mintRefreshToken } from '../mint.js';
import { aimAt, narrowAudience } from '../resource.js';
import {
  callerOf,
  type GrantHandler,
  type GrantTools,
  type IssuedTokens,
  type TokenRequest,
} from '../token-request.js';
import type { StoredAuthorizationCode } from '../token-store.js';

// A second use so soon after the first is a race of the client with itself and only loses; later it is a theft of the
// code by one of the two, and everything it bought is revoked (rulings 20).
const raceMs = 2_000;

/**
 * Redeems an authorization code (RFC 6749 section 4.1.3). A code presented by another client, with another redirection
 * URI or with a wrong verifier is burnt without buying anything.
 */
export const authorizationCode: GrantHandler = {
  publicClients: true,
  clientRow: 'fresh',
  async issue(request, tools) {
    const code = await findLiveCode(request, tools);
    const mismatch = mismatchOf(code, request);
    if (mismatch !== undefined) {
      await tools.store.burnAuthorizationCode(code.key);
      throw new OAuth2Error('invalid_grant', mismatch);
    }
    return redeem(code, request, tools);
  },
};

async function findLiveCode({ parameters }: TokenRequest, tools: GrantTools): Promise<StoredAuthorizationCode> {
  const key = tools.mint.tokenText.parse(requireParameter(parameters, 'code'), 'authorization_code');
  const code = key === undefined ? undefined : await tools.store.findAuthorizationCode(key);
  if (code?.state === 'live') return code;
  if (code?.state === 'used' && (code.usedAgoMs ?? Infinity) > raceMs) {
    await tools.store.revokeFamily(code.family);
    const { family, grant } = code;
    tools.noteReuse?.({ event: 'code_reuse', clientId: grant.clientId, subject: grant.subject, family });
  }
  throw new OAuth2Error('invalid_grant', 'the code is unknown, expired, revoked or was used before');
}

function mismatchOf(code: StoredAuthorizationCode, { parameters, client }: TokenRequest): string | undefined {
  if (code.grant.clientUid !== client.uid) return 'the code was issued to another client';
  const redirectUri = parameters.get('redirect_uri');
  if (redirectUri === undefined ? code.redirectUriGiven : redirectUri !== code.redirectUri) {
    return 'the redirect_uri is not that of the authorization request';
  }
  return verifierMismatch(code, parameters, client);
}

/** PKCE (RFC 7636 section 4.6); challenge and verifier come together or not at all (RFC 9700 section 4.8.2). */
function verifierMismatch(
  code: StoredAuthorizationCode,
  parameters: ParameterMap,
  { client }: StoredClient,
): string | undefined {
  const verifier = parameters.get('code_verifier');
  if (code.codeChallenge === undefined) {
    if (verifier !== undefined) return 'the authorization request had no code_challenge';
    return client.public ? 'a public client needs a code_challenge' : undefined;
  }
  if (verifier === undefined) return 'the code_verifier is missing';
  return matchesCodeChallenge(verifier, code.codeChallenge) ? undefined : 'the code_verifier is wrong';
}

async function redeem(code: StoredAuthorizationCode, request: TokenRequest, tools: GrantTools): Promise<IssuedTokens> {
  const { parameters, client } = request;
  const { store, issuer } = tools;
  const { grant } = code;
  const family = { key: code.family, expiresAt: code.familyExpiresAt };
  const audience = narrowAudience(grant.audience, parameters, client.client);
  const granted = {
    scopes: grant.scopes,
    mint: mintFor(tools.mint, client.client, 'authorization_code'),
    unregistered: grant.unregisteredAudience,
  };
  const { mint, scopes } = await aimAt(audience, granted, tools.resourceServers);
  const accessToken = await issueAccessToken(tools, {
    ...callerOf(request),
    ...{ issuer, client, family, mint, kind: 'authorization_code' },
    grant: { ...grant, scopes, audience },
  });
  // Without the grant type refresh_token the client could not use one.
  const offline = grantsOfflineAccess(grant.scopes) && allowsGrantType(client.client, 'refresh_token');
  const refreshToken = offline ? mintRefreshToken(mint, family) : undefined;
  // Signed before the burn: when the key manager fails, the code is still good.
  const idToken = grant.scopes.includes('openid')
    ? await mintIdToken(tools, {
        grant,
        client: client.client,
        issuer,
        now: mint.now(),
        lifetimeMs: mint.lifetimes.idTokenMs,
        accessToken: accessToken.text,
        ...(grant.nonce !== undefined ? { nonce: grant.nonce } : {}),
      })
    : undefined;
  const outcome = await store.consumeAuthorizationCode({
    code: code.key,
    ...(accessToken.row !== undefined ? { accessToken: accessToken.row } : {}),
    ...(refreshToken !== undefined ? { refreshToken: refreshToken.row } : {}),
  });
  if (outcome === 'lost') throw new OAuth2Error('invalid_grant', 'the code was used at the same time');
  return {
    accessToken: accessToken.text,
    expiresIn: expiresIn(accessToken.lifetimeMs),
    scopes,
    ...(refreshToken !== undefined ? { refreshToken: refreshToken.text } : {}),
    ...(idToken !== undefined ? { idToken } : {}),
  };
}
