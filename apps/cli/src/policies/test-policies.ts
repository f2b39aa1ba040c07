import { PolicyIndex } from '@castellan/policy';
import type { CommandCall } from '../command.js';
import { members } from '../json.js';
import { CommandError, printable, UsageError } from '../terminal.js';
import { type PolicyCase, type PolicyCases, readCases } from './policy-cases.js';
import { readDataFile, readPolicyFile } from './policy-file.js';

/** What came of a question, and what led to it. */
type Answer = { readonly allowed: boolean; readonly reason: string | undefined; readonly because: readonly string[] };
type Ask = (one: PolicyCase) => Promise<Answer>;

/** `policies test`: asks every question of a file, of policies in a file or of the server. Throws CommandError, exit 1. */
export async function testPolicies(call: CommandCall): Promise<void> {
  const path = call.text('file');
  if (path === '') throw new UsageError('a file of cases is needed: -f <path>');
  const cases = readCases(path, await readDataFile(path));
  const policies = call.text('policies');
  const ask = policies !== '' ? await askFile(policies, cases) : await askServer(call, cases);
  let failed = 0;
  for (const [index, one] of cases.cases.entries()) {
    const answer = await ask(one);
    const isExpected = answer.allowed === one.allowed && (one.reason === undefined || answer.reason === one.reason);
    call.print(printable(`${isExpected ? 'ok  ' : 'FAIL'} ${index + 1} ${one.name}`));
    if (isExpected) continue;
    failed++;
    for (const line of describeDifference(one, answer)) call.print(printable(line));
  }
  call.note(`${cases.cases.length} cases, ${failed} failed.`);
  if (failed > 0) throw new CommandError('', { exitCode: 1 });
}

async function askFile(path: string, { groups }: PolicyCases): Promise<Ask> {
  const policies = await readPolicyFile(path);
  const memberships = groups.flatMap(({ id, members }) => members.map((member) => ({ groupId: id, member })));
  const index = new PolicyIndex({ revision: { number: 0, mark: '' }, policies, memberships });
  const now = Date.now();
  return async ({ request, at = now }) => {
    const decision = index.decide(request, at);
    const { policies: matching, nearestMiss } = index.explain(request, at);
    const because = matching.map(({ id, verdict, subject, unfulfilledCondition, outsideValidity }) =>
      describePolicy(id, verdict, subject, unfulfilledCondition, outsideValidity),
    );
    const miss = nearestMiss && [
      `nearest: policy ${nearestMiss.id}, but for its ${nearestMiss.condition ?? nearestMiss.part}`,
    ];
    return {
      allowed: decision.allowed,
      reason: decision.allowed ? undefined : decision.reason,
      because: [...because, ...(miss ?? [])],
    };
  };
}

async function askServer(call: CommandCall, { groups, cases }: PolicyCases): Promise<Ask> {
  if (groups.length > 0) throw new UsageError('groups in a file of cases go with --policies; the server has its own');
  if (cases.some(({ at }) => at !== undefined)) throw new UsageError('a time in a case goes with --policies');
  const api = await call.api();
  return async ({ request: { subject, action, resource, context } }) => {
    const json = { subject, action, resource, context };
    const answer = members(
      await api.post({ failure: 'Could not explain a decision', path: ['warden', 'explain'], json }),
    );
    const matching = Array.isArray(answer['policies']) ? answer['policies'].map(members) : [];
    const miss = members(answer['nearest_miss']);
    return {
      allowed: answer['allowed'] === true,
      reason: typeof answer['reason'] === 'string' ? answer['reason'] : undefined,
      because: [
        ...matching.map((one) =>
          describePolicy(
            one['id'],
            one['effect'],
            one['subject'],
            one['unfulfilled_condition'],
            one['outside_validity'],
          ),
        ),
        ...(miss['id'] !== undefined
          ? [`nearest: policy ${String(miss['id'])}, but for its ${String(miss['condition'] ?? miss['part'])}`]
          : []),
      ],
    };
  };
}

function describePolicy(id: unknown, effect: unknown, subject: unknown, condition: unknown, outside: unknown): string {
  const why =
    typeof outside === 'string'
      ? `, but it does not apply ${outside === 'over' ? 'any longer' : 'yet'}`
      : typeof condition === 'string'
        ? `, but for its condition ${condition}`
        : '';
  return `policy ${String(id)} (${String(effect)}) matches ${String(subject)}${why}`;
}

function describeDifference({ request, allowed, reason }: PolicyCase, answer: Answer): readonly string[] {
  const { subject, action, resource, context } = request;
  return [
    `     ${subject} ${action} ${resource}${Object.keys(context).length > 0 ? ` ${JSON.stringify(context)}` : ''}`,
    `   - expected: ${describe(allowed, reason)}`,
    `   + actual:   ${describe(answer.allowed, answer.reason)}`,
    ...(answer.because.length > 0 ? answer.because : ['no policy matches']).map((line) => `     ${line}`),
  ];
}

function describe(allowed: boolean, reason: string | undefined): string {
  if (allowed) return 'allowed';
  return reason === undefined ? 'denied' : `denied (${reason})`;
}
