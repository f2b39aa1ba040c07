import type { InspectedToken, TokenExplanation } from '@castellan/oauth2';
import { explanationV1 } from '@castellan/rpc';

/** An explanation as the admin API gets it; a foreign text has no type. */
export function toExplanationMessage(explanation: TokenExplanation): explanationV1.ExplainTokenResponse {
  if (explanation.kind === 'foreign') return explanationV1.ExplainTokenResponse.create({});
  const { type, format, valid, reasons, token } = explanation;
  return {
    type,
    format,
    valid,
    reasons: [...reasons],
    token: token === undefined ? undefined : toTokenMessage(token),
  };
}

function toTokenMessage(token: InspectedToken): explanationV1.ExplainedToken {
  const { family, decision } = token;
  return {
    clientId: token.clientId,
    subject: token.subject,
    scopes: [...token.scopes],
    audience: [...token.audience],
    issuedAtMs: token.issuedAt,
    expiresAtMs: token.expiresAt,
    family:
      family === undefined
        ? undefined
        : {
            id: `${family.key.bucket}.${family.key.id}`,
            createdAtMs: family.createdAt,
            expiresAtMs: family.expiresAt,
            revokedAtMs: family.revokedAt ?? 0,
            scopes: [...family.scopes],
          },
    decisionId: decision?.id ?? '',
    policyRevision: decision?.revision ?? 0,
  };
}
