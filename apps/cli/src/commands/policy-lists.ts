import type { CommandCall, CommandRow } from '../command.js';
import { otherFormatFlag, printOr } from '../format.js';
import { members, texts } from '../json.js';

const listNames = ['actions', 'resources', 'subjects'] as const;
type ListName = (typeof listNames)[number];

/** `policies actions|resources|subjects add|remove`: read the policy, change one list, write the whole document. */
export const policyListsRows: readonly CommandRow[] = listNames.flatMap((name) => [
  { path: `policies ${name}`, summary: `Add or remove ${name} of a policy` },
  {
    path: `policies ${name} add`,
    summary: `Add ${name} to a policy`,
    examples: [`policies ${name} add my-policy one two`],
    flags: [otherFormatFlag],
    operands: `<policy> <${name}...>`,
    run: async (call) => {
      const stored = await changeList(call, name, (present, given) => [...new Set([...present, ...given])]);
      await printOr(call, () => call.print(`Added ${name} to policy ${call.operand(0)}`), stored);
    },
  },
  {
    path: `policies ${name} remove`,
    summary: `Remove ${name} from a policy`,
    examples: [`policies ${name} remove my-policy one`],
    flags: [otherFormatFlag],
    operands: `<policy> <${name}...>`,
    run: async (call) => {
      const stored = await changeList(call, name, (present, given) => present.filter((item) => !given.includes(item)));
      await printOr(call, () => call.print(`Removed ${name} from policy ${call.operand(0)}`), stored);
    },
  },
]);

/** Answers the policy as it is stored now. */
async function changeList(
  call: CommandCall,
  name: ListName,
  change: (present: readonly string[], given: readonly string[]) => string[],
): Promise<unknown> {
  const api = await call.api();
  const path = ['policies', call.operand(0)];
  const policy = members(await api.read({ failure: 'Could not retrieve policy', path }));
  const changed = { ...policy, [name]: change(texts(policy[name]), call.operands.slice(1)) };
  return api.put({ failure: 'Could not update policy', path, json: changed });
}
