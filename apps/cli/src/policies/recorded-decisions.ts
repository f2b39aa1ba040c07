import type { AccessRequest, RecordedDecision } from '@castellan/policy';
import type { CommandCall } from '../command.js';
import { members, texts } from '../json.js';

const pageSize = 500;

/** Reads the newest recorded decisions that fit the query, at most so many. Throws CommandError. */
export async function fetchDecisions(
  call: CommandCall,
  most: number,
  query: Readonly<Record<string, string>> = {},
): Promise<readonly Record<string, unknown>[]> {
  const api = await call.api();
  const decisions: Record<string, unknown>[] = [];
  let before: string | undefined;
  while (decisions.length < most) {
    const page = members(
      await api.read({
        failure: 'Could not list decisions',
        path: ['warden', 'decisions'],
        query: {
          ...query,
          limit: String(Math.min(pageSize, most - decisions.length)),
          ...(before !== undefined ? { before } : {}),
        },
      }),
    );
    const read = Array.isArray(page['decisions']) ? page['decisions'].map(members) : [];
    decisions.push(...read);
    if (typeof page['next'] !== 'string' || read.length === 0) break;
    before = page['next'];
  }
  return decisions;
}

/** Records that can be decided anew: a decision by policies about somebody who is known. */
export function toReplay(decisions: readonly Record<string, unknown>[]): readonly RecordedDecision[] {
  return decisions.flatMap((one): readonly RecordedDecision[] => {
    const { subject, resource, action, context, allowed, reason, decided_at: decidedAt } = one;
    if (typeof subject !== 'string' || typeof resource !== 'string' || typeof action !== 'string') return [];
    const isByPolicies = allowed === true || reason === 'default' || reason === 'explicit';
    const at = Date.parse(String(decidedAt));
    if (!isByPolicies || Number.isNaN(at)) return [];
    return [
      {
        request: {
          subject,
          resource,
          action,
          context: members(context) as AccessRequest['context'],
          anonymous: subject === '',
        },
        groups: texts(one['groups']),
        decision:
          allowed === true ? { allowed } : { allowed: false, reason: reason === 'explicit' ? reason : 'default' },
        decidedAt: at,
        redacted: texts(one['redacted']),
      },
    ];
  });
}
