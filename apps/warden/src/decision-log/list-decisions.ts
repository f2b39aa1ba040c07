import { type DecisionLogStore, type KeptRecord, PolicyError } from '@castellan/policy';
import type { wardenV1 } from '@castellan/rpc';

const defaultLimit = 100;
const maxLimit = 1000;

/** Reads recorded decisions. Throws PolicyError for what cannot be asked. */
export async function listDecisions(
  decisions: DecisionLogStore,
  request: wardenV1.ListDecisionsRequest,
): Promise<wardenV1.ListDecisionsResponse> {
  const { limit, before, subject, resource, action, allowed, sinceMs } = request;
  if (limit < 0 || limit > maxLimit) throw new PolicyError('limit', `must be from 0 to ${maxLimit}`);
  const page = await decisions.list({
    limit: limit === 0 ? defaultLimit : limit,
    before: before || undefined,
    subject: subject || undefined,
    resource: resource || undefined,
    action: action || undefined,
    allowed,
    since: sinceMs,
  });
  if (page === undefined) throw new PolicyError('before', 'is no place that a page named');
  return fitInMessage(page.decisions, page.next);
}

/** Bytes of records that one answer holds at most. */
const maxBytes = 600_000;

/** As many as a message may hold; the page then goes on after the last of them. */
function fitInMessage(records: readonly KeptRecord[], next: string | undefined): wardenV1.ListDecisionsResponse {
  const decisions: wardenV1.RecordedDecision[] = [];
  let bytes = 0;
  for (const record of records) {
    const message = toMessage(record);
    bytes +=
      message.contextJson.length + message.subject.length + message.resource.length + message.action.length + 500;
    if (bytes > maxBytes && decisions.length > 0)
      return { decisions, next: records[decisions.length - 1]?.place ?? '' };
    decisions.push(message);
  }
  return { decisions, next: next ?? '' };
}

function toMessage(record: KeptRecord): wardenV1.RecordedDecision {
  const { decidedAt, context, redacted, groups, place: _place, ...members } = record;
  return {
    ...members,
    decidedAtMs: decidedAt,
    contextJson: JSON.stringify(context),
    redacted: [...redacted],
    groups: [...groups],
  };
}
