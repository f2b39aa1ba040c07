import {
  type Conditions,
  parseConditionsJson,
  type Policy,
  PolicyError,
  type PolicyVersion,
  validatePolicy,
} from '@castellan/policy';
import type { wardenV1 } from '@castellan/rpc';

/** The policy of a request. Throws PolicyError where there is none. */
export function present(policy: wardenV1.Policy | undefined): wardenV1.Policy {
  if (policy === undefined) throw new PolicyError('policy', 'is missing');
  return policy;
}

/** Reads and checks a policy. Throws PolicyError that names the member. */
export function policyFromMessage(message: wardenV1.Policy): Policy {
  const { id, description, subjects, effect, resources, actions, validFromMs, validUntilMs } = message;
  const conditions = parseConditions(message.conditionsJson);
  const validity = { validFrom: validFromMs, validUntil: validUntilMs };
  return validatePolicy({ id, description, subjects, effect, resources, actions, conditions, ...validity });
}

/** Writes a policy. */
export function policyToMessage(policy: Policy): wardenV1.Policy {
  const { id, description, effect } = policy;
  return {
    id,
    description,
    subjects: [...policy.subjects],
    effect,
    resources: [...policy.resources],
    actions: [...policy.actions],
    conditionsJson: JSON.stringify(policy.conditions),
    // A hand in the database may set finer bounds than the wire has.
    validFromMs: policy.validFrom === undefined ? undefined : Math.ceil(policy.validFrom),
    validUntilMs: policy.validUntil === undefined ? undefined : Math.ceil(policy.validUntil),
  };
}

/** Writes a version. */
export function versionToMessage(version: PolicyVersion): wardenV1.PolicyVersion {
  return {
    version: version.version,
    revision: version.revision,
    changedAtMs: version.changedAt,
    changedBy: version.changedBy,
    reason: version.reason,
    policy: version.policy && policyToMessage(version.policy),
  };
}

function parseConditions(json: string): Conditions {
  if (json === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new PolicyError('conditions', 'are not JSON');
  }
  return parseConditionsJson(value);
}
