/**
 * The header that tells a writer of policies or groups the revision of its write, which a check can then ask for (`at_least`)
 * without a fence. Nothing where the Warden named none.
 */
export function policyRevision(revision: number): Readonly<Record<string, string>> {
  return revision > 0 ? { 'x-castellan-policy-revision': String(revision) } : {};
}
