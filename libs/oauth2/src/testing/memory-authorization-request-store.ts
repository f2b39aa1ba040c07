import type {
  AuthorizationRequestStore,
  InteractionStep,
  NewAuthorizationRequest,
  PendingAuthorizationRequest,
} from '../authorization/authorization-request-store.js';
import type { AuthorizationOutcome, BurnOutcome } from '../token/token-store.js';
import type { StagedInteraction } from '../interaction/interaction.js';
import type { MemoryConsentStore } from './memory-consent-store.js';
import type { MemoryLoginSessionStore } from './memory-login-session-store.js';
import type { MemoryClientStore } from './memory-client-store.js';

/** What takes the tokens that a decided request buys: the memory token store. */
export interface MemoryOutcomeSink {
  storeOutcome(outcome: AuthorizationOutcome): void;
}

type Row = {
  readonly request: NewAuthorizationRequest;
  readonly createdAt: number;
  interaction?: StagedInteraction;
  decided: boolean;
};

/** A store of authorization requests without a database, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryAuthorizationRequestStore(options: {
  readonly clients: MemoryClientStore;
  readonly outcomes: MemoryOutcomeSink;
  readonly now: () => number;
  readonly sessions?: MemoryLoginSessionStore;
  readonly consents?: MemoryConsentStore;
}): AuthorizationRequestStore {
  const { clients, outcomes, now, sessions, consents } = options;
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

  function step(row: Row, { from, to, state }: InteractionStep): BurnOutcome {
    if (!isPending(row) || row.interaction?.stage !== from) return 'lost';
    row.interaction = { stage: to, stageAt: now(), state };
    return 'won';
  }

  return {
    async insert(request, pendingLimit, addressLimit = Infinity) {
      const pending = [...rows.values()].filter(isPending);
      const ofClient = pending.filter((row) => row.request.clientUid === request.clientUid);
      const ofAddress = pending.filter(({ request: { addressHash } }) => addressHash === request.addressHash);
      if (ofClient.length >= pendingLimit) return false;
      if (request.addressHash !== undefined && ofAddress.length >= addressLimit) return false;
      const { interaction } = request;
      rows.set(request.id, {
        request,
        createdAt: now(),
        decided: false,
        ...(interaction !== undefined ? { interaction: { ...interaction, stageAt: now() } } : {}),
      });
      return true;
    },
    async findPending(id) {
      const row = rows.get(id);
      if (row === undefined || !isPending(row)) return undefined;
      return { ...toRequest(row), ...(row.interaction !== undefined ? { interaction: row.interaction } : {}) };
    },
    async findInteraction(id) {
      const row = rows.get(id);
      if (row?.interaction === undefined || row.createdAt + row.request.lifetimeMs <= now()) return undefined;
      if (clients.findByUid(row.request.clientUid) === undefined) return undefined;
      return { ...toRequest(row), interaction: row.decided ? 'over' : row.interaction };
    },
    async advance(id, taken) {
      const row = rows.get(id);
      return row === undefined ? 'lost' : step(row, taken);
    },
    async finishLogin(id, { state, session }) {
      const row = rows.get(id);
      if (row === undefined || !isPending(row) || row.interaction?.stage !== 'login-decided') return 'lost';
      if (sessions?.take(session) !== true) return 'lost';
      return step(row, { from: 'login-decided', to: 'consent', state });
    },
    async complete(id, outcome) {
      const { family, consent } = outcome;
      const row = rows.get(id);
      if (row?.interaction !== undefined && row.interaction.stage !== 'consent-decided') return 'lost';
      if (row === undefined || !isPending(row) || row.request.clientUid !== family.grant.clientUid) return 'lost';
      if (family.grant.sid !== undefined && sessions?.note(family.grant) !== true) return 'lost';
      const burnt = burn(id, family.grant.clientUid);
      if (burnt === 'won') outcomes.storeOutcome(outcome);
      if (burnt === 'won' && consent !== undefined) consents?.store(consent, family.expiresAt);
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

function toRequest({ request, createdAt }: Row): Omit<PendingAuthorizationRequest, 'interaction'> {
  const { lifetimeMs: _lifetimeMs, addressHash: _addressHash, interaction: _interaction, ...kept } = request;
  return { ...kept, createdAt };
}
