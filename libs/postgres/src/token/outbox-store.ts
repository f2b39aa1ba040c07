import type { JsonObject, LeasedMessage, OutboxEntry, OutboxState, OutboxStore } from '@castellan/oauth2';
import type { Database } from '../database.js';
import * as statements from './outbox-statements.js';

type LeasedRow = { id: string; lease: string; kind: string; target: string; payload: JsonObject; attempts: number };

type EntryRow = {
  id: string;
  kind: string;
  target: string;
  payload: JsonObject;
  attempts: number;
  problem: string | null;
  created_at: number;
  due_at: number;
  gives_up_at: number;
  dead_at: number | null;
};

/** How long a message is tried where nothing else is said, in milliseconds: a day. */
export const defaultGiveUpAfterMs = 86_400_000;

/** The outbox in PostgreSQL. */
export function createOutboxStore(database: Database): OutboxStore {
  return {
    async add(messages, giveUpAfterMs) {
      if (messages.length === 0) return;
      await database.query('token.outbox.add', statements.addMessages, [JSON.stringify(messages), giveUpAfterMs]);
    },

    async lease({ kinds, busy, limit, leaseMs }) {
      const rows = await database.query<LeasedRow>('token.outbox.lease', statements.leaseMessages, [
        kinds,
        busy,
        limit,
        leaseMs,
      ]);
      return rows.map(toLeased);
    },

    async settle({ id, lease }) {
      return (await database.query('token.outbox.settle', statements.settleMessage, [id, lease])).length === 1;
    },

    async postpone({ id, lease }, { delayMs, problem }) {
      const [row] = await database.query<{ dead: boolean }>('token.outbox.postpone', statements.postponeMessage, [
        id,
        lease,
        delayMs,
        problem,
      ]);
      if (row === undefined) return 'lost';
      return row.dead ? 'dead' : 'pending';
    },

    async list({ kinds, state, after, limit }) {
      const rows = await database.query<EntryRow>('token.outbox.list', statements.listMessages, [
        kinds,
        state ?? null,
        isId(after) ? after : '0',
        limit === 0 ? null : limit,
      ]);
      return rows.map(toEntry);
    },

    async retry(kinds, id, giveUpAfterMs) {
      if (!isId(id)) return false;
      const values = [kinds, id, giveUpAfterMs];
      return (await database.query('token.outbox.retry', statements.retryMessage, values)).length === 1;
    },

    async discard(kinds, id) {
      if (!isId(id)) return false;
      return (await database.query('token.outbox.discard', statements.discardMessage, [kinds, id])).length === 1;
    },

    async counts() {
      const rows = await database.query<{ kind: string; dead: boolean; messages: number; oldest_ms: number }>(
        'token.outbox.counts',
        statements.countMessages,
      );
      return rows.map(({ kind, dead, messages, oldest_ms }) => ({
        kind,
        state: dead ? ('dead' as const) : ('pending' as const),
        messages,
        oldestMs: oldest_ms,
      }));
    },

    async sweep(keepMs, limit) {
      return (await database.query('token.outbox.sweep', statements.sweepMessages, [keepMs, limit])).length;
    },
  };
}

/** A positive bigint: other text names no message, and PostgreSQL would call it an error. */
function isId(id: string): boolean {
  return /^[1-9][0-9]{0,17}$/.test(id);
}

function toLeased({ id, lease, kind, target, payload, attempts }: LeasedRow): LeasedMessage {
  return { id, lease, kind, target, payload, attempt: attempts };
}

function toEntry(row: EntryRow): OutboxEntry {
  const { id, kind, target, payload, attempts, problem, dead_at: deadAt } = row;
  const state: OutboxState = deadAt === null ? 'pending' : 'dead';
  return {
    ...{ id, kind, target, payload, attempts, state },
    createdAt: row.created_at,
    givesUpAt: deadAt ?? row.gives_up_at,
    ...(deadAt === null ? { dueAt: row.due_at } : {}),
    ...(problem !== null ? { problem } : {}),
  };
}
