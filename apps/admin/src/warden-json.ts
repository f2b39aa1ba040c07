import { formatBound } from '@castellan/policy';
import { wardenV1 } from '@castellan/rpc';
import { z } from 'zod';

import { jsonObject, listSchema, objectSchema, textSchema as text } from './json.js';

const context = objectSchema.nullish();

/** Body of POST `/warden/allowed` and of `/warden/explain`. */
export const allowedBodySchema = z.object({ subject: text, resource: text, action: text, context });

/** Body of POST `/warden/token/allowed`. */
export const tokenAllowedBodySchema = z.object({
  token: text,
  scopes: listSchema,
  /** Resource that the token must be for. */
  audience: text,
  resource: text,
  action: text,
  context,
});

/** Writes a decision without anything about the subject. */
export function allowedJson(allowed: boolean): string {
  return `{"allowed":${allowed}}`;
}

/**
 * Writes the decision about a token, with what the token says when it is allowed. Times are RFC 3339 strings, and
 * `aud` is the client ID: the original's Go client reads no other form. A denial says nothing about the token.
 */
export function tokenAllowedJson(decision: wardenV1.CheckTokenResponse): string {
  const { token } = decision;
  if (!decision.allowed || token === undefined) {
    return allowedJson(false);
  }
  return jsonObject([
    ['sub', JSON.stringify(token.subject)],
    ['scopes', JSON.stringify(token.scopes)],
    ['iss', JSON.stringify(token.issuer)],
    ['aud', JSON.stringify(token.clientId)],
    ['iat', JSON.stringify(new Date(token.issuedAtMs).toISOString())],
    ['exp', JSON.stringify(new Date(token.expiresAtMs).toISOString())],
    ['ext', token.extraJson !== '' ? token.extraJson : 'null'],
    ['allowed', 'true'],
  ]);
}

const denialReasons: Readonly<Record<number, string>> = {
  [wardenV1.DenialReason.DENIAL_REASON_DEFAULT]: 'default',
  [wardenV1.DenialReason.DENIAL_REASON_EXPLICIT]: 'explicit',
  [wardenV1.DenialReason.DENIAL_REASON_POLICY_INVALID]: 'policy_invalid',
};

/** Says when a policy applies, of one that does not always. `outside_validity` is null where it applies now. */
function validityJson(
  outsideValidity: string,
  { validFromMs, validUntilMs }: Pick<wardenV1.ExplainedPolicy, 'validFromMs' | 'validUntilMs'>,
): object {
  if (validFromMs === undefined && validUntilMs === undefined) {
    return {};
  }
  return {
    outside_validity: outsideValidity || null,
    valid_from: validFromMs === undefined ? null : formatBound(validFromMs),
    valid_until: validUntilMs === undefined ? null : formatBound(validUntilMs),
  };
}

/** Writes what led to a decision. `reason` is null where it is allowed, `nearest_miss` where nothing was near. */
export function explanationJson(explanation: wardenV1.ExplainResponse): string {
  const { decision, subjects, policies, truncated, nearestMiss, decisionUs } = explanation;
  return JSON.stringify({
    allowed: decision?.allowed === true,
    reason: denialReasons[decision?.reason ?? 0] ?? null,
    revision: decision?.revision ?? 0,
    decision_us: decisionUs,
    subjects,
    policies: policies.map(({ id, effect, subject, unfulfilledCondition, outsideValidity, ...validity }) => ({
      id,
      effect,
      subject,
      unfulfilled_condition: unfulfilledCondition || null,
      ...validityJson(outsideValidity, validity),
    })),
    truncated,
    nearest_miss:
      nearestMiss !== undefined
        ? {
            id: nearestMiss.id,
            subject: nearestMiss.subject,
            part: nearestMiss.part,
            condition: nearestMiss.condition || null,
          }
        : null,
  });
}
