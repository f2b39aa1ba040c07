import type {
  AuthorizationRequestStore,
  NewAuthorizationRequest,
  PendingAuthorizationRequest,
} from '../authorization/authorization-request-store.js';
import type { AuthorizationOutcome, BurnOutcome } from '../token/token-store.js';
import type { MemoryClientStore } from './memory-client-store.js';

/** What takes the tokens that a decided request buys: the memory token store. */
export interface MemoryOutcomeSink {
  storeOutcome(outcome: AuthorizationOutcome): void;
}

type Row = {
  readonly request: NewAuthorizationRequest;
  readonly createdAt: number;
  decided: boolean;
};

/** A store of authorization requests without a database, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryAuthorizationRequestStore(options: {
  readonly clients: MemoryClientStore;
  readonly outcomes: MemoryOutcomeSink;
  readonly now: () => number;
}): AuthorizationRequestStore {
  const { clients, outcomes, now } = options;
  const rows = new Map<string, Row>();

  function isPending({ request, createdAt, decided }: Row): boolean {
    const alive = !decided && createdAt + request.lifetimeMs > now();
    return alive && clients.findByUid(request.clientUid) !== undefined;
  }

  function burn(id: string, clientUid?: string): BurnOutcome {
    const row = rows.get(id);
    if (row === undefined || !isPending(row)) return 'lost';
    if (clientUid !== undefined && row.request.clientUid !== clientUid) return 'lost';
    row.decided = true;
    return 'won';
  }

  return {
    async insert(request, pendingLimit) {
      const pending = [...rows.values()].filter((row) => row.request.clientUid === request.clientUid && isPending(row));
      if (pending.length >= pendingLimit) return false;
      rows.set(request.id, { request, createdAt: now(), decided: false });
      return true;
    },
    async findPending(id) {
      const row = rows.get(id);
      if (row === undefined || !isPending(row)) return undefined;
      const { lifetimeMs: _lifetimeMs, ...request } = row.request;
      return { ...request, createdAt: row.createdAt } satisfies PendingAuthorizationRequest;
    },
    async complete(id, outcome) {
      const burnt = burn(id, outcome.family.grant.clientUid);
      if (burnt === 'won') outcomes.storeOutcome(outcome);
      return burnt;
    },
    async discard(id) {
      return burn(id);
    },
    async sweep(limit) {
      const over = [...rows].filter(([, row]) => row.createdAt + row.request.lifetimeMs <= now()).slice(0, limit);
      for (const [id] of over) rows.delete(id);
      return over.length;
    },
  };
}
