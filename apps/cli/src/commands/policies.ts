import { apiFlags, flag, list, text, type CommandCall, type CommandRow } from '../command.js';
import { otherFormatFlag, printEach, printOr } from '../format.js';
import { indentedJson, members } from '../json.js';
import { printable, UsageError } from '../terminal.js';
import { readJsonFile } from '../clients/json-flags.js';

export const policiesRows: readonly CommandRow[] = [
  { path: 'policies', summary: 'Manage policies', flags: apiFlags },
  {
    path: 'policies create',
    summary: 'Create a policy',
    details:
      'Templates may hold regular expressions in angle brackets, such as rn:hydra:keys:<.*>; quote them for the shell.\n' +
      'A comma inside an expression needs quotes of its own: --resources \'"<a{1,3}>"\'.',
    flags: [
      text('-i, --id <id>', 'id of the policy; the server makes one when it is absent'),
      text('-d, --description <text>', 'description of the policy'),
      list('-r, --resources <templates>', 'resources the policy is about'),
      list('-s, --subjects <templates>', 'subjects the policy is about'),
      list('-a, --actions <templates>', 'actions the policy is about'),
      flag('--allow', 'the policy allows; without it the policy denies'),
      text('--valid-from <time>', 'the policy applies from this time on, such as 2030-01-31T08:00:00Z'),
      text('--valid-until <time>', 'the policy applies before this time'),
      list('-f, --files <paths>', 'create the policies of these JSON files; other flags are ignored'),
      otherFormatFlag,
    ],
    examples: ['policies create --id readers --allow --subjects alice --actions get --resources "photos:<.*>"'],
    run: createPolicy,
  },
  {
    path: 'policies get',
    summary: 'Show a policy',
    examples: ['policies get my-policy --format yaml'],
    operands: '<id>',
    flags: [otherFormatFlag],
    run: getPolicy,
  },
  {
    path: 'policies delete',
    summary: 'Delete policies',
    examples: ['policies delete my-policy'],
    operands: '<id...>',
    flags: [otherFormatFlag],
    run: deletePolicies,
  },
];

async function createPolicy(call: CommandCall): Promise<void> {
  const files = call.list('files');
  if (files.length > 0) return importPolicies(call, files);
  const resources = call.list('resources');
  const subjects = call.list('subjects');
  const actions = call.list('actions');
  if (resources.length === 0 || subjects.length === 0 || actions.length === 0) {
    throw new UsageError('Got empty subject, resource or action list');
  }
  const policy = await postPolicy(call, {
    id: call.text('id'),
    description: call.text('description'),
    subjects,
    effect: call.has('allow') ? 'allow' : 'deny',
    resources,
    actions,
    conditions: {},
    ...(call.text('valid-from') !== '' ? { valid_from: call.text('valid-from') } : {}),
    ...(call.text('valid-until') !== '' ? { valid_until: call.text('valid-until') } : {}),
  });
  await printOr(call, () => call.print(`Created policy ${idOf(policy)}.`), policy);
}

async function importPolicies(call: CommandCall, paths: readonly string[]): Promise<void> {
  const store = async (path: string) => {
    const policy = await postPolicy(call, await readJsonFile(path));
    return { own: `Imported policy ${idOf(policy)} from ${path}.`, value: policy };
  };
  await printEach(call, paths, store, ['id', 'effect', 'description']);
}

async function postPolicy(call: CommandCall, policy: unknown): Promise<unknown> {
  const api = await call.api();
  return api.post({ failure: 'Could not create policy', path: ['policies'], json: policy });
}

function idOf(policy: unknown): string {
  return printable(String(members(policy)['id'] ?? ''));
}

async function getPolicy(call: CommandCall): Promise<void> {
  const api = await call.api();
  const policy = await api.get({ failure: 'Could not retrieve policy', path: ['policies', call.operand(0)] });
  await printOr(call, () => call.print(indentedJson(policy)), policy);
}

async function deletePolicies(call: CommandCall): Promise<void> {
  const api = await call.api();
  const remove = async (id: string) => {
    await api.delete({ failure: 'Could not delete policy', path: ['policies', id] });
    // The noun is the original's; scripts of the time look for it.
    return { own: `Connection ${id} deleted.`, value: { deleted: id } };
  };
  await printEach(call, call.operands, remove, ['deleted']);
}
