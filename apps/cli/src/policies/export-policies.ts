import { writeFile } from 'node:fs/promises';
import { parsePolicyJson, type Policy, validatePolicy } from '@castellan/policy';
import type { CommandCall } from '../command.js';
import { members } from '../json.js';
import { progressBar } from '../secrets/progress-bar.js';
import { CommandError, errorText, UsageError } from '../terminal.js';
import { writePolicies } from './policy-file.js';

/** Every policy of the server, and the revision that all of them are of. */
export type PolicySet = { readonly policies: readonly Policy[]; readonly revision: number };

/** Pages that are read again because somebody changed policies meanwhile. */
const maxAttempts = 10;

/** Reads every policy of one revision: where the policies change on the way it begins anew. Throws CommandError. */
export async function fetchPolicies(call: CommandCall): Promise<PolicySet> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const set = await fetchOnce(call);
    if (set !== undefined) return set;
  }
  throw new CommandError('Could not export policies: they change faster than they can be read');
}

async function fetchOnce(call: CommandCall): Promise<PolicySet | undefined> {
  const api = await call.api();
  const policies: Policy[] = [];
  let revision: number | undefined;
  let bar: ReturnType<typeof progressBar> | undefined;
  for (;;) {
    const after = policies.at(-1)?.id;
    const page = members(
      await api.read({
        failure: 'Could not export policies',
        path: ['policy-export'],
        ...(after !== undefined ? { query: { after } } : {}),
      }),
    );
    if (revision !== undefined && page['revision'] !== revision) return undefined;
    revision = Number(page['revision']);
    const read = Array.isArray(page['policies']) ? page['policies'] : [];
    if (read.length === 0) break;
    policies.push(...read.map((value) => validatePolicy(parsePolicyJson(value))));
    bar ??= barOn(call, Number(page['total']));
    bar?.show(policies.length);
  }
  bar?.end();
  return { policies, revision };
}

/** Shows how far work on many policies is, on standard error; nothing for what is done at once. */
export function barOn(call: CommandCall, total: number): ReturnType<typeof progressBar> | undefined {
  return total > noticeable && call.printDryRun === undefined ? progressBar(call.terminal.stderr, total) : undefined;
}

/** Policies that are read and sent before anybody wonders. */
const noticeable = 1_000;

/** `policies export`: all policies, to a file or to standard output. */
export async function exportPolicies(call: CommandCall): Promise<void> {
  const output = call.text('output');
  const format = call.text('format') || (output.endsWith('.json') ? 'json' : 'yaml');
  if (format !== 'json' && format !== 'yaml') throw new UsageError('--format must be json or yaml');
  const { policies, revision } = await fetchPolicies(call);
  const content = writePolicies(policies, format);
  if (output === '') return void call.terminal.stdout.write(content);
  await writeFile(output, content).catch((error: unknown) => {
    throw new CommandError(`Could not write file ${output}: ${errorText(error)}`);
  });
  call.print(`Exported ${policies.length} policies of revision ${revision} to ${output}.`);
}
