import { OAuth2Error } from '../errors.js';
import type { GrantKind } from '../lifespans.js';

/** What is about to be issued: every scope and audience of an access token, to whom and how. */
export type Issuance = {
  readonly clientId: string;
  readonly subject: string;
  readonly grant: GrantKind;
  readonly scopes: readonly string[];
  /** Resources that were asked for; without them a token is for the client itself. */
  readonly audience: readonly string[];
  /** Address of the client, where it called itself. */
  readonly remoteAddress?: string;
};

/** The decision under which a token was issued, and the policy revision that decided. */
export type IssuanceDecision = { readonly id: string; readonly revision: number };

/** Decides by policies what may be issued; an outage is a fault and nothing is issued. */
export interface IssuanceGuard {
  (issuance: Issuance): Promise<{
    readonly deniedScopes: readonly string[];
    readonly deniedAudience: readonly string[];
    readonly decision: IssuanceDecision;
  }>;
}

/**
 * Asks the guard about every scope and audience; all of them are issued or none. Answers undefined where no guard is on,
 * and where there is nothing to ask about. Throws `invalid_scope` or `invalid_target`.
 */
export async function decideIssuance(
  guard: IssuanceGuard | undefined,
  issuance: Issuance,
): Promise<IssuanceDecision | undefined> {
  if (guard === undefined || issuance.scopes.length + issuance.audience.length === 0) return undefined;
  const { deniedScopes, deniedAudience, decision } = await guard(issuance);
  if (deniedScopes.length > 0) {
    throw new OAuth2Error('invalid_scope', `a policy does not allow the scope ${deniedScopes.join(' ')}`);
  }
  if (deniedAudience.length > 0) {
    throw new OAuth2Error('invalid_target', `a policy does not allow the resource ${deniedAudience.join(' ')}`);
  }
  return decision;
}
