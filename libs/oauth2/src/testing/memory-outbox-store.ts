import type { JsonObject } from '../grant.js';
import type { OutboxEntry, OutboxState, OutboxStore } from '../outbox/outbox-store.js';

type Row = {
  readonly id: number;
  readonly kind: string;
  readonly target: string;
  readonly payload: JsonObject;
  readonly createdAt: number;
  attempts: number;
  dueAt: number;
  givesUpAt: number;
  lease?: string;
  problem?: string;
  deadAt?: number;
};

/** An outbox without a database, for tests. `now` is its clock, in milliseconds. */
export function createMemoryOutboxStore(now: () => number): OutboxStore {
  const rows = new Map<number, Row>();
  let lastId = 0;
  let leases = 0;

  const inOrder = (): Row[] => [...rows.values()].sort((a, b) => a.id - b.id);
  const leased = ({ id, lease }: { id: string; lease: string }): Row | undefined => {
    const row = rows.get(Number(id));
    return row !== undefined && row.lease === lease && row.dueAt > now() ? row : undefined;
  };
  const named = (kinds: readonly string[], id: string): Row | undefined => {
    const row = rows.get(Number(id));
    return row !== undefined && kinds.includes(row.kind) ? row : undefined;
  };

  return {
    async add(messages, giveUpAfterMs) {
      for (const message of messages) {
        lastId += 1;
        const times = { createdAt: now(), dueAt: now(), givesUpAt: now() + giveUpAfterMs };
        rows.set(lastId, { id: lastId, ...message, attempts: 0, ...times });
      }
    },

    async lease({ kinds, busy, limit, leaseMs }) {
      const due = inOrder()
        .filter(({ kind, target, dueAt, deadAt }) => {
          return deadAt === undefined && dueAt <= now() && kinds.includes(kind) && !busy.includes(target);
        })
        .sort((a, b) => a.dueAt - b.dueAt || a.id - b.id);
      const first = due.filter((row) => due.find(({ target }) => target === row.target) === row).slice(0, limit);
      return first.map((row) => {
        leases += 1;
        row.lease = `lease ${leases}`;
        row.attempts += 1;
        row.dueAt = now() + leaseMs;
        const { kind, target, payload, attempts, lease } = row;
        return { id: String(row.id), kind, target, payload, lease, attempt: attempts };
      });
    },

    async settle(message) {
      const row = leased(message);
      return row !== undefined && rows.delete(row.id);
    },

    async postpone(message, { delayMs, problem }) {
      const row = leased(message);
      if (row === undefined) return 'lost';
      delete row.lease;
      row.problem = problem;
      if (now() >= row.givesUpAt) {
        row.deadAt = now();
        return 'dead';
      }
      row.dueAt = Math.min(now() + delayMs, row.givesUpAt);
      return 'pending';
    },

    async list({ kinds, state, after, limit }) {
      const found = inOrder()
        .filter(({ id, kind }) => id > Number(after === '' ? 0 : after) && kinds.includes(kind))
        .map(toEntry)
        .filter((entry) => state === undefined || entry.state === state);
      return limit === 0 ? found : found.slice(0, limit);
    },

    async retry(kinds, id, giveUpAfterMs) {
      const row = named(kinds, id);
      if (row === undefined) return false;
      delete row.deadAt;
      delete row.lease;
      row.dueAt = now();
      row.givesUpAt = now() + giveUpAfterMs;
      return true;
    },

    async discard(kinds, id) {
      const row = named(kinds, id);
      return row !== undefined && rows.delete(row.id);
    },

    async counts() {
      const states: readonly OutboxState[] = ['pending', 'dead'];
      return [...new Set(inOrder().map(({ kind }) => kind))].sort().flatMap((kind) =>
        states.flatMap((state) => {
          const same = inOrder().filter((row) => row.kind === kind && stateOf(row) === state);
          const oldest = Math.min(...same.map(({ createdAt }) => createdAt));
          return same.length === 0 ? [] : [{ kind, state, messages: same.length, oldestMs: now() - oldest }];
        }),
      );
    },

    async sweep(keepMs, limit) {
      const over = inOrder().filter(({ deadAt }) => deadAt !== undefined && deadAt + keepMs <= now());
      return over.slice(0, limit).filter(({ id }) => rows.delete(id)).length;
    },
  };
}

function stateOf({ deadAt }: Row): OutboxState {
  return deadAt === undefined ? 'pending' : 'dead';
}

function toEntry(row: Row): OutboxEntry {
  const { kind, target, payload, attempts, createdAt, dueAt, givesUpAt, problem, deadAt } = row;
  return {
    id: String(row.id),
    ...{ kind, target, payload, attempts, createdAt },
    state: stateOf(row),
    givesUpAt: deadAt ?? givesUpAt,
    ...(deadAt === undefined ? { dueAt } : {}),
    ...(problem !== undefined ? { problem } : {}),
  };
}
