import { lintPolicies, type LintFinding } from '@castellan/policy';
import type { CommandCall } from '../command.js';
import { printFormatted } from '../format.js';
import { CommandError } from '../terminal.js';
import { fetchPolicies } from './export-policies.js';
import { readPolicyFile } from './policy-file.js';

/** `policies lint`: what is surely or probably wrong with policies, of a file or of the server. */
export async function lint(call: CommandCall): Promise<void> {
  const path = call.text('file');
  const policies = path !== '' ? await readPolicyFile(path) : (await fetchPolicies(call)).policies;
  const findings = lintPolicies(policies, Date.now());
  if (findings.length > 0 || call.isGiven('format')) {
    await printFormatted(call, findings.map(toRow), ['severity', 'rule', 'policy', 'message']);
  }
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  call.note(`${policies.length} policies: ${errors} errors, ${findings.length - errors} warnings.`);
  if (errors > 0 || (call.has('strict') && findings.length > 0)) throw new CommandError('', { exitCode: 1 });
}

function toRow({ severity, rule, policyId, message, otherId }: LintFinding): object {
  return { severity, rule, policy: policyId, message, ...(otherId !== undefined ? { other: otherId } : {}) };
}
