import { OAuth2Error } from '../../errors.js';
import { mintIdToken } from '../../id-token.js';
import { requireParameter } from '../../parameters.js';
import { coversScopes, grantsOfflineAccess, narrowScopes, parseScope } from '../../scope.js';
import { issueAccessToken } from '../access-token-jwt.js';
import { expiresIn, mintFor, mintRefreshToken } from '../mint.js';
import { aimAt, narrowAudience } from '../resource.js';
import { graceWindow, openAnswer, sealAnswer } from '../refresh-grace.js';
import {
  callerOf,
  type GrantHandler,
  type GrantTools,
  type IssuedTokens,
  type TokenRequest,
} from '../token-request.js';
import type { StoredRefreshToken } from '../token-store.js';

/**
 * Refreshes an access token (RFC 6749 section 6). The refresh token is rotated every time; presenting one that was used
 * before revokes the whole family before the answer leaves (RFC 9700 section 4.14.2), but for a short window. The scope may be narrowed for the
 * access token; the refresh token keeps what was granted, so a later request may ask for that again.
 */
export const refreshToken: GrantHandler = {
  publicClients: true,
  clientRow: 'fresh',
  async issue(request, tools) {
    const { store, issuer } = tools;
    const { client } = request.client;
    const presented = await findRefreshToken(request, tools);
    if (presented.state !== 'live') return answerAgain(presented, request, tools);
    const { grant } = presented;
    const audience = narrowAudience(grant.audience, request.parameters, client);
    const granted = {
      scopes: scopesOf(presented, request),
      mint: mintFor(tools.mint, client, 'refresh_token'),
      unregistered: grant.unregisteredAudience,
    };
    const { mint, scopes } = await aimAt(audience, granted, tools.resourceServers);
    const family = { key: presented.family, expiresAt: presented.familyExpiresAt };
    const accessToken = await issueAccessToken(tools, {
      ...callerOf(request),
      ...{ issuer, client: request.client, family, mint, kind: 'refresh_token' },
      grant: { ...grant, scopes, audience },
    });
    const successor = mintRefreshToken(mint, family);
    // Same iss, sub, aud and auth_time, no nonce (OpenID Connect Core section 12.2). Signed before the burn.
    const idToken = scopes.includes('openid')
      ? await mintIdToken(tools, {
          grant,
          client,
          issuer,
          now: mint.now(),
          lifetimeMs: mint.lifetimes.idTokenMs,
          accessToken: accessToken.text,
        })
      : undefined;
    const answer: IssuedTokens = {
      accessToken: accessToken.text,
      expiresIn: expiresIn(accessToken.lifetimeMs),
      scopes,
      refreshToken: successor.text,
      ...(idToken !== undefined ? { idToken } : {}),
    };
    const windowMs = graceWindow(client, tools.refreshGraceMs);
    const text = requireParameter(request.parameters, 'refresh_token');
    const outcome = await store.rotateRefreshToken({
      refreshToken: presented.key,
      successor: successor.row,
      ...(accessToken.row !== undefined ? { accessToken: accessToken.row } : {}),
      ...(windowMs > 0
        ? { answer: { ...sealAnswer(answer, text, request.parameters, mint.randomBytes), windowMs } }
        : {}),
    });
    return outcome === 'won' ? answer : answerAgain(presented, request, tools);
  },
};

async function findRefreshToken({ parameters, client }: TokenRequest, tools: GrantTools): Promise<StoredRefreshToken> {
  const key = tools.mint.tokenText.parse(requireParameter(parameters, 'refresh_token'), 'refresh_token');
  const stored = key === undefined ? undefined : await tools.store.findRefreshToken(key);
  // Another client learns nothing, and its guess does the family no harm.
  const own = stored !== undefined && stored.grant.clientUid === client.uid;
  if (own && (stored.state === 'live' || stored.state === 'used')) return stored;
  throw new OAuth2Error(
    'invalid_grant',
    'the refresh token is unknown, expired, revoked or was issued to another client',
  );
}

/**
 * A refresh token that was used: inside the window its client gets the same answer again, for it raced with itself or
 * never saw the first one (rulings 35). Otherwise it is reuse, and the family ends.
 */
async function answerAgain(
  presented: StoredRefreshToken,
  { parameters, client }: TokenRequest,
  { store, refreshGraceMs, noteReuse }: GrantTools,
): Promise<IssuedTokens> {
  if (graceWindow(client.client, refreshGraceMs) > 0) {
    const stored = presented.state === 'used' ? presented : await store.findRefreshToken(presented.key);
    const text = requireParameter(parameters, 'refresh_token');
    const answer = stored === undefined ? undefined : openAnswer(stored, text, parameters);
    if (answer !== undefined) return answer;
  }
  await store.revokeFamily(presented.family);
  const { family, grant } = presented;
  noteReuse?.({ event: 'refresh_reuse', clientId: grant.clientId, subject: grant.subject, family });
  throw new OAuth2Error('invalid_grant', 'the refresh token was used before; every token of its grant is revoked');
}

/** Granted scopes that the client is still registered for, narrowed to what the request asks for. */
function scopesOf({ grant }: StoredRefreshToken, { parameters, client }: TokenRequest): readonly string[] {
  if (!grantsOfflineAccess(grant.scopes)) throw new OAuth2Error('scope_not_granted');
  const remaining = grant.scopes.filter((scope) => coversScopes(client.client.scopes, [scope]));
  return narrowScopes(remaining, parseScope(parameters.get('scope')));
}
