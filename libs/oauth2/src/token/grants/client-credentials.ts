import { coversScopes, parseScope } from '../../scope.js';
import { OAuth2Error } from '../../errors.js';
import type { Grant } from '../../grant.js';
import { issueAccessToken } from '../access-token-jwt.js';
import { expiresIn, mintFor } from '../mint.js';
import { aimAt, namedAudience, readResources } from '../resource.js';
import { callerOf, type GrantHandler } from '../token-request.js';

/**
 * The client acts for itself (RFC 6749 section 4.4): subject is its id, all requested scopes or none are granted, no
 * scope when none is asked. Neither refresh token nor ID token.
 */
export const clientCredentials: GrantHandler = {
  publicClients: false,
  clientRow: 'cached',
  async issue(request, tools) {
    const { parameters, client: stored } = request;
    const { client, uid, revision } = stored;
    const scopes = parseScope(parameters.get('scope'));
    if (!coversScopes(client.scopes, scopes)) {
      throw new OAuth2Error('invalid_scope', 'the client is not registered for a requested scope');
    }
    const audience = readResources(parameters, client);
    const mint = mintFor(tools.mint, client, 'client_credentials');
    const target = await aimAt(
      audience,
      { scopes, mint, unregistered: namedAudience(parameters) },
      tools.resourceServers,
    );
    if (target.scopes.length < scopes.length) {
      throw new OAuth2Error('invalid_scope', 'the resource does not know a requested scope');
    }
    // No write will be guarded by the revision of a row that may be outdated (rulings 18).
    if (target.mint.accessTokenFormat === 'stateless-jwt' && !request.clientIsFresh) return 'client-changed';
    const grant: Grant = {
      clientId: client.id,
      clientUid: uid,
      subject: client.id,
      scopes,
      audience,
      accessTokenExtra: {},
      idTokenExtra: {},
    };
    const accessToken = await issueAccessToken(tools, {
      ...callerOf(request),
      ...{ issuer: tools.issuer, client: stored, mint: target.mint, grant, kind: 'client_credentials' },
    });
    const { row } = accessToken;
    if (row !== undefined && !(await tools.store.insertClientAccessToken(row, revision))) return 'client-changed';
    return { accessToken: accessToken.text, expiresIn: expiresIn(accessToken.lifetimeMs), scopes };
  },
};
