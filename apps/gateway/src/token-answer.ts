import type { tokenV1 } from '@castellan/rpc';
import type { HttpAnswer } from '@castellan/service';

/** Media type of every OAuth 2.0 JSON answer, written as the original wrote it. */
export const OAUTH_JSON = 'application/json;charset=UTF-8';

/** An answer that no cache may keep (RFC 6749 section 5.1). */
export function unkeptAnswer(body: string): HttpAnswer {
  return {
    status: 200,
    headers: { 'content-type': OAUTH_JSON, 'cache-control': 'no-store', pragma: 'no-cache' },
    body,
  };
}

/**
 * Writes issued tokens as the body of a successful token response (RFC 6749 section 5.1).
 * Members are sorted by name; `id_token` and `refresh_token` are left out when there is none.
 */
export function tokensBody(tokens: tokenV1.IssuedTokens): string {
  return JSON.stringify({
    access_token: tokens.accessToken,
    expires_in: tokens.expiresIn,
    ...(tokens.idToken !== '' ? { id_token: tokens.idToken } : {}),
    ...(tokens.refreshToken !== '' ? { refresh_token: tokens.refreshToken } : {}),
    scope: tokens.scope,
    token_type: tokens.tokenType,
  });
}

/** Writes an OAuth 2.0 error as a JSON body (RFC 6749 section 5.2, with the original's `statusCode`). */
export function errorBody(error: tokenV1.OAuth2Error): string {
  return JSON.stringify({
    error: error.error,
    error_description: error.description,
    ...(error.hint !== '' ? { error_hint: error.hint } : {}),
    statusCode: error.status,
  });
}

/**
 * Writes an introspection response (RFC 7662 section 2.2). The order of members, the closing newline and the rule
 * that zero values are left out are the original's; `aud` is a string when there is one (rulings 31).
 */
export function introspectionBody(introspection: tokenV1.Introspection): string {
  // Nothing but `active` may be said about a token that is not.
  if (!introspection.active) {
    return '{"active":false}\n';
  }
  const scope = introspection.scopes.join(' ');
  const [audience] = introspection.audience;
  const members: readonly (readonly [name: string, json: string | undefined])[] = [
    ['active', 'true'],
    ['scope', text(scope)],
    ['client_id', text(introspection.clientId)],
    ['sub', text(introspection.subject)],
    ['exp', seconds(introspection.expiresAtMs)],
    ['iat', seconds(introspection.issuedAtMs)],
    ['aud', introspection.audience.length > 1 ? JSON.stringify(introspection.audience) : text(audience ?? '')],
    ['iss', text(introspection.issuer)],
    ['decision_id', text(introspection.decisionId ?? '')],
    ['policy_revision', introspection.policyRevision !== undefined ? String(introspection.policyRevision) : undefined],
    ['ext', introspection.extraJson !== '' ? introspection.extraJson : undefined],
  ];
  const written = members.flatMap(([name, json]) => (json !== undefined ? [`"${name}":${json}`] : []));
  return `{${written.join(',')}}\n`;
}

function text(value: string): string | undefined {
  return value !== '' ? JSON.stringify(value) : undefined;
}

function seconds(milliseconds: number): string | undefined {
  const whole = Math.floor(milliseconds / 1000);
  return whole !== 0 ? String(whole) : undefined;
}
