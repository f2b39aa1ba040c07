import { coversScopes } from '@castellan/oauth2';
import type { explanationV1, wardenV1 } from '@castellan/rpc';
import { z } from 'zod';

import { listSchema, objectSchema, textSchema as text } from './json.js';
import { explanationJson } from './warden-json.js';

/** Body of POST `/token/explain`: the token, and what it is to be tried on. */
export const tokenExplainBodySchema = z.object({
  token: text,
  scopes: listSchema,
  resource: text,
  action: text,
  context: objectSchema.nullish(),
});

/** What a token was tried on, and what the Warden says about its subject there. */
export type TriedAccess = {
  readonly action: string;
  readonly resource: string;
  /** Scopes that the token must hold. */
  readonly scopes: readonly string[];
  readonly explanation: wardenV1.ExplainResponse;
};

/**
 * Writes what a token is, whether and why it is (not) worth anything, the decision it was issued under, and what an
 * access would answer: the whole chain, in the order in which it is asked. Times are RFC 3339.
 */
export function tokenExplanationJson(
  explained: explanationV1.ExplainTokenResponse,
  tried: TriedAccess | undefined,
): string {
  const { token } = explained;
  return JSON.stringify({
    valid: explained.valid,
    type: explained.type || null,
    format: explained.format || null,
    reasons: explained.reasons,
    client_id: token?.clientId ?? null,
    subject: token?.subject ?? null,
    scopes: token?.scopes ?? [],
    audience: token?.audience ?? [],
    issued_at: timeOf(token?.issuedAtMs),
    expires_at: timeOf(token?.expiresAtMs),
    family: token?.family === undefined ? null : familyOf(token.family),
    issuance:
      token === undefined || token.decisionId === ''
        ? null
        : { decision_id: token.decisionId, policy_revision: token.policyRevision },
    access: tried === undefined ? null : accessOf(explained, tried),
  });
}

function familyOf(family: explanationV1.ExplainedFamily) {
  return {
    id: family.id,
    scopes: family.scopes,
    created_at: timeOf(family.createdAtMs),
    expires_at: timeOf(family.expiresAtMs),
    revoked_at: timeOf(family.revokedAtMs),
  };
}

/** Allowed is what passes every step; a refresh token or a code opens no resource. */
function accessOf({ valid, type, token }: explanationV1.ExplainTokenResponse, tried: TriedAccess) {
  const { action, resource, scopes, explanation } = tried;
  const missing = scopes.filter((scope) => !coversScopes(token?.scopes ?? [], [scope]));
  const policies = JSON.parse(explanationJson(explanation)) as { readonly allowed: boolean };
  const opens = valid && type === 'access_token';
  return {
    allowed: opens && missing.length === 0 && policies.allowed,
    action,
    resource,
    missing_scopes: missing,
    policies,
  };
}

function timeOf(milliseconds: number | undefined): string | null {
  return milliseconds === undefined || milliseconds === 0 ? null : new Date(milliseconds).toISOString();
}
