import type { Policy } from '@castellan/policy';
import { policyOf } from '@castellan/policy/testing';
import { wardenV1 } from '@castellan/rpc';

/** Whether Peter may read the first article, but for what is given. */
export function checkOf(members: Partial<wardenV1.CheckRequest> = {}): wardenV1.CheckRequest {
  return { subject: 'peter', resource: 'articles:1', action: 'read', context: undefined, anonymous: false, ...members };
}

/** A policy on the wire that allows Peter to read, but for what is given. */
export function messageOf(id: string, members: Partial<Policy> = {}): wardenV1.Policy {
  const { conditions, validFrom, validUntil, ...policy } = policyOf(id, members);
  return wardenV1.Policy.create({
    ...policy,
    subjects: [...policy.subjects],
    resources: [...policy.resources],
    actions: [...policy.actions],
    conditionsJson: JSON.stringify(conditions),
    validFromMs: validFrom,
    validUntilMs: validUntil,
  });
}
