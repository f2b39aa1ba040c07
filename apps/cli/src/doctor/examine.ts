import { checkCertificates } from './check-certificates.js';
import { checkConfiguration } from './check-configuration.js';
import { checkDatabases } from './check-databases.js';
import { checkIssuer, checkPages, checkRedis, checkServices } from './check-reachability.js';
import type { Check, Examination, Finding } from './finding.js';

/** What is looked at, in the order in which it is told: from what is given to what it leads to. */
const checks: readonly Check[] = [
  checkConfiguration,
  checkDatabases,
  checkCertificates,
  checkServices,
  checkRedis,
  checkPages,
  checkIssuer,
];

/** Looks at everything that a program stands on. Changes nothing anywhere. */
export async function examine(examination: Examination): Promise<readonly Finding[]> {
  return (await Promise.all(checks.map((check) => check(examination)))).flat();
}
