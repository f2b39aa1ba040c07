import { apiFlags, flag, list, text, type CommandCall, type CommandRow } from '../command.js';
import { secretPlaceholder } from '../dry-run.js';
import { otherFormatFlag, printOr } from '../format.js';
import { indentedJson, members } from '../json.js';
import { formatFlag } from '../format.js';
import { tokenOperand } from '../secret-flags.js';
import { CommandError, UsageError } from '../terminal.js';

/** The flag `--context`. */
export const contextFlag = text('--context <json>', 'context of the request, a JSON object', '{}');
const exitCodes = 'Prints the answer. Exit code: 0 when allowed, 3 when not allowed, 1 when no answer could be had.';

const checkSubject: Omit<CommandRow, 'path'> = {
  summary: 'Ask whether a subject may do an action on a resource',
  details: exitCodes,
  operands: '<subject> <action> <resource>',
  examples: ['warden check alice get photos:1'],
  flags: [contextFlag, otherFormatFlag],
  run: isSubjectAllowed,
};

export const wardenRows: readonly CommandRow[] = [
  { path: 'warden', summary: 'Ask the Warden for decisions', flags: apiFlags },
  { path: 'warden check', ...checkSubject },
  { path: 'warden allowed', ...checkSubject, examples: ['warden allowed alice get photos:1'] },
  {
    path: 'warden explain',
    summary: 'Say why a subject may, or may not, do an action on a resource',
    details:
      'Names the subject and groups that were tried, the policies that match, the condition that failed and the policy\n' +
      'that came nearest. Needs the action warden:explain on rn:castellan:warden:explain.',
    operands: '<subject> <action> <resource>',
    examples: ['warden explain alice get photos:1 --format yaml'],
    flags: [contextFlag, otherFormatFlag],
    run: explainDecision,
  },
  {
    path: 'warden decisions',
    examples: ['warden decisions --subject alice --denied'],
    summary: 'List what the Warden decided, the newest first',
    details:
      'Only what it records (WARDEN_DECISION_LOG). Needs the action warden:decisions on rn:castellan:warden:decisions.',
    flags: [
      text('--limit <count>', 'at most so many', '50'),
      text('--subject <subject>', 'only about this subject'),
      text('--resource <resource>', 'only about this resource'),
      text('--action <action>', 'only about this action'),
      text('--since <time>', 'only since a time, such as 2030-01-31T08:00:00Z'),
      flag('--denied', 'only what was denied'),
      formatFlag,
    ],
    run: async (call) => (await import('../policies/list-decisions.js')).listDecisions(call),
  },
  {
    path: 'warden token-allowed',
    summary: 'Ask whether the bearer of an access token may do an action on a resource',
    details: `The token - is read from standard input. ${exitCodes}`,
    operands: '<token> <action> <resource>',
    flags: [list('--scopes <scopes>', 'scopes the token must have'), contextFlag, otherFormatFlag],
    examples: ['warden token-allowed - get photos:1 < token.txt'],
    run: isTokenAllowed,
  },
];

async function isSubjectAllowed(call: CommandCall): Promise<void> {
  const request = {
    subject: call.operand(0),
    action: call.operand(1),
    resource: call.operand(2),
    context: contextOf(call),
  };
  await decide(call, ['warden', 'allowed'], request, request);
}

async function explainDecision(call: CommandCall): Promise<void> {
  const json = {
    subject: call.operand(0),
    action: call.operand(1),
    resource: call.operand(2),
    context: contextOf(call),
  };
  const api = await call.api();
  const explanation = await api.post({ failure: 'Could not explain the decision', path: ['warden', 'explain'], json });
  await printOr(call, () => call.print(indentedJson(explanation)), explanation);
}

async function isTokenAllowed(call: CommandCall): Promise<void> {
  const request = {
    token: await tokenOperand(call, 0),
    scopes: call.list('scopes').filter((scope) => scope !== ''),
    action: call.operand(1),
    resource: call.operand(2),
    context: contextOf(call),
  };
  await decide(call, ['warden', 'token', 'allowed'], request, { ...request, token: secretPlaceholder });
}

async function decide(call: CommandCall, path: string[], json: unknown, shown: unknown): Promise<void> {
  const api = await call.api();
  const decision = await api.post({ failure: 'Could not get a decision', path, json, shown });
  await printOr(call, () => call.print(indentedJson(decision)), decision);
  const isDenied = call.printDryRun === undefined && members(decision)['allowed'] !== true;
  if (isDenied) throw new CommandError('', { exitCode: 3 });
}

/** The value of `--context`. Throws UsageError when it is no JSON object. */
export function contextOf(call: CommandCall): object {
  try {
    const value: unknown = JSON.parse(call.text('context'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new UsageError('--context is not a JSON object');
}
