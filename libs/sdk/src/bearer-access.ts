import type { TokenCheck, TokenDecision, WardenClient } from './warden-client.js';

/** What a route demands of whoever calls it. */
export type AccessRule = Omit<TokenCheck, 'token'>;

/** What a guard does with a request: lets it pass with what its token says, or answers it. */
export type AccessOutcome =
  | { readonly allowed: true; readonly token: Extract<TokenDecision, { allowed: true }>['token'] }
  | { readonly allowed: false; readonly status: 401 | 403 | 503; readonly challenge?: string };

/**
 * Checks the bearer of a request's access token (RFC 6750) against a rule. Never rejects: what goes wrong, in
 * the rule as well, allows nothing and answers 503.
 */
export async function checkBearer(
  warden: Pick<WardenClient, 'checkToken'>,
  authorization: string | undefined,
  rule: () => AccessRule | Promise<AccessRule>,
): Promise<AccessOutcome> {
  const token = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return { allowed: false, status: 401, challenge: 'Bearer' };
  try {
    const demanded = await rule();
    const decision = await warden.checkToken({ ...demanded, token });
    return decision.allowed ? { allowed: true, token: decision.token } : refusalOf(decision, demanded);
  } catch {
    return { allowed: false, status: 503 };
  }
}

function refusalOf(
  { reason }: Extract<TokenDecision, { allowed: false }>,
  { scopes = [] }: AccessRule,
): Extract<AccessOutcome, { allowed: false }> {
  if (reason === 'outage') return { allowed: false, status: 503 };
  if (reason === 'token_inactive') {
    return { allowed: false, status: 401, challenge: 'Bearer error="invalid_token"' };
  }
  if (reason !== 'scope') return { allowed: false, status: 403 };
  return { allowed: false, status: 403, challenge: `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"` };
}
