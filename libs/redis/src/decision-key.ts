import { createHash } from 'node:crypto';
import type { AccessRequest, Revision } from '@castellan/policy';
import { encodeCanonically } from './canonical-encoding.js';

/** Raise it when the meaning of an entry or of a decision changes. */
const schemaVersion = 2;

/**
 * Digest of everything that a decision depends on: the access request, and the policies and groups by their revision.
 * `deployment` keeps apart those that share one Redis. 32 bytes.
 */
export function digestDecision(deployment: string, revision: Revision, request: AccessRequest): Buffer {
  const { subject, resource, action, context, anonymous } = request;
  const encoding = encodeCanonically([
    schemaVersion,
    deployment,
    revision.number,
    revision.mark,
    anonymous,
    subject,
    resource,
    action,
    context,
  ]);
  return createHash('sha256').update(encoding).digest();
}
