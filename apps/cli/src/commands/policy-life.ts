import { flag, text, type CommandRow } from '../command.js';
import { formatFlag, otherFormatFlag } from '../format.js';

const fileFlag = text('-f, --file <path>', 'file of policies, JSON or YAML by its ending');
const reasonFlag = text('--reason <text>', 'why, for the history');
const pruneFlag = flag('--prune', 'remove every policy that the file does not hold');

/** The life of policies: each command loads what it needs when it is run. */
export const policyLifeRows: readonly CommandRow[] = [
  {
    path: 'policies history',
    examples: ['policies history my-policy --format json'],
    summary: 'Show what a policy was, and who changed it',
    operands: '<id>',
    flags: [text('--limit <count>', 'at most so many versions'), formatFlag],
    run: async (call) => (await import('../policies/policy-history.js')).showHistory(call),
  },
  {
    path: 'policies rollback',
    examples: ['policies rollback my-policy --to 3 --reason mistake'],
    summary: 'Store what a policy was at a version as its newest one',
    operands: '<id>',
    flags: [text('--to <version>', 'version to go back to'), reasonFlag, otherFormatFlag],
    run: async (call) => (await import('../policies/policy-history.js')).rollBack(call),
  },
  {
    path: 'policies export',
    examples: ['policies export --output policies.yaml'],
    summary: 'Write all policies, of one revision, to a file or standard output',
    flags: [text('-o, --output <path>', 'file to write'), text('--format <format>', 'json or yaml')],
    run: async (call) => (await import('../policies/export-policies.js')).exportPolicies(call),
  },
  {
    path: 'policies import',
    examples: ['policies import --file policies.yaml --prune'],
    summary: 'Store all policies of a file at once, or none of them',
    details:
      'A policy of an ID that exists is replaced; one that is the same stays as it is. Everything is stored at one revision.\n' +
      'See what would change with policies plan. Needs the action import on the policies.',
    flags: [
      fileFlag,
      pruneFlag,
      text('--if-revision <revision>', 'only if the policies are of this revision, as policies plan shows it'),
      reasonFlag,
      otherFormatFlag,
    ],
    run: async (call) => (await import('../policies/import-policies.js')).importPolicies(call),
  },
  {
    path: 'policies plan',
    examples: ['policies plan --file policies.yaml --fail-on-flip'],
    summary: 'Show what an import would change, and which recorded decisions would become others',
    details:
      'Decisions are those that the Warden recorded (WARDEN_DECISION_LOG); what nobody asked is not told of. They are decided\n' +
      'here, on this machine.',
    flags: [
      fileFlag,
      pruneFlag,
      text('--decisions <count>', 'how many recorded decisions are made anew; 0 for none', '1000'),
      flag('--fail-on-flip', 'exit 1 when a decision would become another'),
      formatFlag,
    ],
    run: async (call) => (await import('../policies/plan-policies.js')).planImport(call),
  },
  {
    path: 'policies lint',
    examples: ['policies lint --file policies.yaml --strict'],
    summary: 'Look for policies that are not what was meant, in a file or on the server',
    details:
      'Finds policies that never match or apply, that a denial makes useless, that match everything, that are expensive to\n' +
      'match, and that say the same as another. Exit 1 when there are errors.',
    flags: [fileFlag, flag('--strict', 'exit 1 when there are warnings, too'), formatFlag],
    run: async (call) => (await import('../policies/lint-policies.js')).lint(call),
  },
  {
    path: 'policies test',
    examples: ['policies test --file cases.yaml --policies policies.yaml'],
    summary: 'Ask the questions of a file and compare the answers, of policies in a file or on the server',
    details:
      'The file holds cases of name, subject, action, resource, context, allowed and reason and, with --policies, of at (a\n' +
      'time) and groups. Exit 1 when an answer is another one.',
    flags: [
      text('-f, --file <path>', 'file of cases, JSON or YAML by its ending'),
      text('-p, --policies <path>', 'ask these policies instead of the server'),
    ],
    run: async (call) => (await import('../policies/test-policies.js')).testPolicies(call),
  },
];
