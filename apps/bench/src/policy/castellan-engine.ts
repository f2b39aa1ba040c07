import { type AccessRequest, PolicyIndex } from '@castellan/policy';
import type { Workload } from './workload.js';

/** The product's own decision over a workload: the one place of the suite that knows how it is made. */
export function prepareCastellan({ policies, memberships }: Workload): (request: AccessRequest) => boolean {
  const index = new PolicyIndex({ revision: { number: 1, mark: 'bench' }, policies, memberships });
  return (request) => index.decide(request).allowed;
}
