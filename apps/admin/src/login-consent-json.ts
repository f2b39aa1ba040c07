import type { tokenV1 } from '@castellan/rpc';

import { flagSchema, type JsonMember, textSchema } from './json.js';

/** Members of a client about how its users log in and consent. */
export const loginConsentMembers = { skip_consent: flagSchema, login_consent_flow: textSchema };

type LoginConsentBody = {
  readonly skip_consent?: boolean | null | undefined;
  readonly login_consent_flow?: string | null | undefined;
};

/** Reads them; undefined when none is set. */
export function loginConsentFromBody(body: LoginConsentBody): tokenV1.LoginConsentRules | undefined {
  const rules = { flow: body.login_consent_flow ?? '', skipConsent: body.skip_consent ?? false };
  return rules.flow === '' && !rules.skipConsent ? undefined : rules;
}

/** Writes those that are set. */
export function loginConsentEntries(rules: tokenV1.LoginConsentRules | undefined): readonly JsonMember[] {
  return [
    ['skip_consent', rules?.skipConsent === true ? 'true' : undefined],
    ['login_consent_flow', rules !== undefined && rules.flow !== '' ? JSON.stringify(rules.flow) : undefined],
  ];
}
