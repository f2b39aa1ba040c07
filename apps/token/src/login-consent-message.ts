import { type LoginConsentFlow, type LoginConsentRules, OAuth2Error } from '@castellan/oauth2';
import type { tokenV1 } from '@castellan/rpc';

const flows: readonly LoginConsentFlow[] = ['jwt', 'consent-request', 'challenge'];

/**
 * How the users of a client log in and consent; undefined when every member has its default.
 *
 * @throws OAuth2Error `invalid_client_metadata`
 */
export function readLoginConsentRules(message: tokenV1.LoginConsentRules | undefined): LoginConsentRules | undefined {
  const { flow: name = '', skipConsent = false } = message ?? {};
  const flow = flows.find((each) => each === name);
  if (flow === undefined && name !== '') {
    throw new OAuth2Error('invalid_client_metadata', `login_consent_flow must be one of ${flows.join(', ')}`);
  }
  if (flow === undefined && !skipConsent) return undefined;
  return { ...(flow !== undefined ? { flow } : {}), ...(skipConsent ? { skipConsent } : {}) };
}

export function toLoginConsentMessage(rules: LoginConsentRules | undefined): tokenV1.LoginConsentRules | undefined {
  return rules === undefined ? undefined : { flow: rules.flow ?? '', skipConsent: rules.skipConsent ?? false };
}
