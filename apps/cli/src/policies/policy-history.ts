import type { CommandCall } from '../command.js';
import { members } from '../json.js';
import { formatOf, printFormatted, printOr } from '../format.js';
import { UsageError } from '../terminal.js';

/** `policies history`: what a policy was, the newest version first. */
export async function showHistory(call: CommandCall): Promise<void> {
  const api = await call.api();
  const limit = call.text('limit');
  const versions = await api.get({
    failure: 'Could not retrieve the history of the policy',
    path: ['policies', call.operand(0), 'history'],
    ...(limit !== '' ? { query: { limit } } : {}),
  });
  const list = Array.isArray(versions) ? versions.map(members) : [];
  const rows = formatOf(call) === 'table' ? list.map((version) => ({ ...version, what: whatOf(version) })) : list;
  await printFormatted(call, rows, ['version', 'changed_at', 'changed_by', 'revision', 'what', 'reason']);
}

function whatOf({ policy }: Record<string, unknown>): string {
  if (policy === null || policy === undefined) return 'removed';
  const { effect, subjects, actions, resources } = members(policy);
  const count = (list: unknown, noun: string): string => {
    const length = Array.isArray(list) ? list.length : 0;
    return `${length} ${noun}${length === 1 ? '' : 's'}`;
  };
  return `${String(effect)}: ${count(subjects, 'subject')}, ${count(actions, 'action')}, ${count(resources, 'resource')}`;
}

/** `policies rollback`: stores what a policy was at a version as its newest one. */
export async function rollBack(call: CommandCall): Promise<void> {
  const version = call.text('to');
  if (!/^[1-9]\d*$/.test(version)) throw new UsageError('--to must be a version, as policies history shows it');
  const api = await call.api();
  const id = call.operand(0);
  const reason = call.text('reason');
  const stored = await api.post({
    failure: 'Could not roll back the policy',
    path: ['policies', id, 'rollback'],
    json: { version: Number(version), ...(reason !== '' ? { reason } : {}) },
  });
  await printOr(call, () => call.print(`Policy ${id} is what it was at version ${version}.`), stored);
}
