import {
  type Decision,
  differingMembers,
  type Flip,
  planPolicies,
  type PolicyPlan,
  type Replay,
  replayDecisions,
} from '@castellan/policy';
import type { CommandCall } from '../command.js';
import { formatOf, printObject } from '../format.js';
import { CommandError, printable, UsageError } from '../terminal.js';
import { fetchPolicies } from './export-policies.js';
import { readPolicyFile } from './policy-file.js';
import { fetchDecisions, toReplay } from './recorded-decisions.js';

/** `policies plan`: what an import would change and, of what was asked lately, which answers would become others. */
export async function planImport(call: CommandCall): Promise<void> {
  const wanted = await readPolicyFile(call.text('file'));
  const most = call.text('decisions');
  if (!/^\d{1,6}$/.test(most)) throw new UsageError('--decisions must be a count');
  const { policies, revision } = await fetchPolicies(call);
  const plan = planPolicies(policies, wanted, call.has('prune'));
  const recorded = Number(most) > 0 ? toReplay(await fetchDecisions(call, Number(most))) : [];
  const replay = replayDecisions(recorded, policies, plan.result);
  if (formatOf(call) === 'table') {
    for (const line of linesOf(plan, replay, revision)) call.print(printable(line));
  } else await printObject(call, jsonOf(plan, replay, revision));
  if (call.has('fail-on-flip') && replay.flips.length > 0) throw new CommandError('', { exitCode: 1 });
}

function linesOf(plan: PolicyPlan, { replayed, flips, unreproduced }: Replay, revision: number): readonly string[] {
  const { created, updated, removed, unchanged } = plan;
  return [
    ...created.map(({ id, effect }) => `+ ${id} (${effect})`),
    ...updated.map(({ before, after }) => `~ ${after.id}: ${differingMembers(before, after).map(wireName).join(', ')}`),
    ...removed.map(({ id, effect }) => `- ${id} (${effect})`),
    `${created.length} to create, ${updated.length} to update, ${removed.length} to remove, ${unchanged} unchanged; ` +
      `compared with revision ${revision}.`,
    ...flips.map(describeFlip),
    replayed + unreproduced === 0
      ? 'No decision is recorded, so that none could be made anew.'
      : `${flips.length} of ${replayed} recorded decisions would be others` +
        (unreproduced > 0
          ? `; ${unreproduced} more are not told: policies or groups changed since, or values were redacted.`
          : '.'),
  ];
}

function describeFlip({ recorded, before, after }: Flip): string {
  const { subject, action, resource } = recorded.request;
  return `! ${subject || '(nobody)'} ${action} ${resource}: ${describe(before)} -> ${describe(after)}`;
}

function describe(decision: Decision): string {
  return decision.allowed ? 'allowed' : `denied (${decision.reason})`;
}

function jsonOf(plan: PolicyPlan, replay: Replay, revision: number): object {
  return {
    revision,
    created: plan.created.map(({ id }) => id),
    updated: plan.updated.map(({ before, after }) => ({
      id: after.id,
      members: differingMembers(before, after).map(wireName),
    })),
    removed: plan.removed.map(({ id }) => id),
    unchanged: plan.unchanged,
    replay: {
      replayed: replay.replayed,
      unreproduced: replay.unreproduced,
      flips: replay.flips.map(({ recorded: { request, decidedAt, groups }, before, after }) => ({
        subject: request.subject,
        action: request.action,
        resource: request.resource,
        context: request.context,
        groups,
        decided_at: new Date(decidedAt).toISOString(),
        before: describe(before),
        after: describe(after),
      })),
    },
  };
}

function wireName(member: string): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
