/**
 * Why an access request is denied: no policy allows it, a policy denies it, or a stored policy that might concern it
 * cannot be evaluated.
 */
export type DenialReason = 'default' | 'explicit' | 'policy_invalid';

/** The answer to an access request. It is a value: what could not be decided is thrown instead. */
export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: DenialReason };

export const allowed: Decision = Object.freeze({ allowed: true });

/** The denial for a reason. */
export function denied(reason: DenialReason): Decision {
  return denials[reason];
}

const denials: { readonly [reason in DenialReason]: Decision } = {
  default: Object.freeze({ allowed: false, reason: 'default' }),
  explicit: Object.freeze({ allowed: false, reason: 'explicit' }),
  policy_invalid: Object.freeze({ allowed: false, reason: 'policy_invalid' }),
};
