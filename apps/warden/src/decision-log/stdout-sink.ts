import type { Writable } from 'node:stream';
import type { DecisionRecord } from '@castellan/policy';
import type { DecisionSink } from './decision-log.js';

/** Bytes that may wait in the stream; a reader that is slower than that loses records. */
const maxBacklog = 1024 * 1024;

/** Writes each record as one line of JSON. */
export function createStdoutSink(stream: Pick<Writable, 'write' | 'writableLength'>): DecisionSink {
  return {
    name: 'stdout',
    async write(records) {
      if (stream.writableLength > maxBacklog) throw new Error('nobody reads what is written');
      stream.write(
        records.map((record) => `${JSON.stringify({ log: 'decision', ...decisionJson(record) })}\n`).join(''),
      );
    },
  };
}

/** A record in the names of the wire. */
export function decisionJson(record: DecisionRecord): object {
  return {
    decided_at: new Date(record.decidedAt).toISOString(),
    door: record.door,
    caller: record.caller,
    request_id: record.requestId,
    subject: record.subject,
    client_id: record.clientId,
    resource: record.resource,
    action: record.action,
    context: record.context,
    redacted: record.redacted,
    groups: record.groups,
    allowed: record.allowed,
    reason: record.reason,
    revision: record.revision,
  };
}
