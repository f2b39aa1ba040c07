import type { DecisionLogStore, DecisionRecord, JsonObject, KeptRecord } from '@castellan/policy';
import type { Database } from '../database.js';
import { bucketOf, createPartitionKeeper } from '../partitions.js';
import { insertIntoPartitions } from '../token/token-partitions.js';

const table = 'decision';
const bucketSeconds = 86_400;

/** A row of warden.decision as it is selected. */
type DecisionRow = {
  id: string;
  decided_at_ms: number;
  door: string;
  caller: string;
  request_id: string;
  subject: string;
  client_id: string;
  resource: string;
  action: string;
  context: JsonObject;
  redacted: string[];
  groups: string[];
  allowed: boolean;
  reason: string;
  revision: string;
};

/**
 * Decisions in warden.decision, partitioned by the day on which they are forgotten: to forget is to drop a partition, and
 * rows that were written under another retention go at the time they were promised.
 */
export function createPostgresDecisionLog(database: Database, retentionMs: number): DecisionLogStore {
  const keeper = createPartitionKeeper(database, [{ table, bucketSeconds, longestLifetimeMs: retentionMs }]);
  const bucket = ({ decidedAt }: DecisionRecord): number => bucketOf(decidedAt + retentionMs, bucketSeconds);

  return {
    async append(records) {
      if (records.length === 0) return;
      const rows = records.map((record) => ({ ...record, bucket: bucket(record) }));
      await insertIntoPartitions(
        keeper,
        () => rows.map((row) => ({ table, bucket: row.bucket })),
        () => database.query('warden.decision.append', appendText, [JSON.stringify(rows)]),
      );
    },
    async list({ limit, before, subject, resource, action, allowed, since }) {
      const place = before === undefined ? undefined : readPlace(before);
      if (before !== undefined && place === undefined) return undefined;
      const rows = await database.query<DecisionRow>('warden.decision.list', listText, [
        limit,
        place?.decidedAt ?? null,
        place?.id ?? null,
        subject ?? null,
        resource ?? null,
        action ?? null,
        allowed ?? null,
        since ?? null,
      ]);
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        decisions: rows.map(fromRow),
        next: last && placeOf(last),
      };
    },
    makeRoom: () => keeper.makeAhead(),
    async forget() {
      await keeper.sweep();
    },
  };
}

const appendText = `
  INSERT INTO warden.decision (bucket, decided_at, door, caller, request_id, subject, client_id, resource, action, context,
    redacted, groups, allowed, reason, revision)
  SELECT bucket, to_timestamp("decidedAt" / 1000), door, caller, "requestId", subject, "clientId", resource, action, context,
    ARRAY(SELECT jsonb_array_elements_text(redacted)), ARRAY(SELECT jsonb_array_elements_text(groups)), allowed, reason,
    revision
  FROM jsonb_to_recordset($1::jsonb) AS record (bucket int, "decidedAt" float8, door text, caller text, "requestId" text,
    subject text, "clientId" text, resource text, action text, context jsonb, redacted jsonb, groups jsonb, allowed boolean,
    reason text, revision bigint)`;

const listText = `
  SELECT id, extract(epoch FROM decided_at)::float8 * 1000 AS decided_at_ms, door, caller, request_id, subject, client_id,
    resource, action, context, redacted, groups, allowed, reason, revision
  FROM warden.decision
  WHERE ($2::float8 IS NULL OR (decided_at, id) < (to_timestamp($2::float8 / 1000), $3::uuid))
    AND ($4::text IS NULL OR subject = $4) AND ($5::text IS NULL OR resource = $5) AND ($6::text IS NULL OR action = $6)
    AND ($7::boolean IS NULL OR allowed = $7)
    AND ($8::float8 IS NULL OR decided_at >= to_timestamp($8::float8 / 1000))
  ORDER BY decided_at DESC, id DESC LIMIT $1`;

function readPlace(text: string): { readonly decidedAt: number; readonly id: string } | undefined {
  const [, decidedAt, id] =
    /^(\d{1,15}(?:\.\d{1,6})?)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text) ?? [];
  return decidedAt === undefined || id === undefined ? undefined : { decidedAt: Number(decidedAt), id };
}

function placeOf({ decided_at_ms: decidedAt, id }: DecisionRow): string {
  return `${decidedAt}.${id}`;
}

function fromRow(row: DecisionRow): KeptRecord {
  const { door, caller, subject, resource, action, context, redacted, groups, allowed, reason } = row;
  return {
    place: placeOf(row),
    decidedAt: row.decided_at_ms,
    door,
    caller,
    requestId: row.request_id,
    subject,
    clientId: row.client_id,
    resource,
    action,
    context,
    redacted,
    groups,
    allowed,
    reason,
    revision: Number(row.revision),
  };
}
