import type { Consent, ConsentStore, NewConsent } from '../interaction/consent-store.js';
import type { MemoryClientStore } from './memory-client-store.js';
import type { MemoryTokenStore } from './memory-token-store.js';

type Row = Consent & { expiresAt: number; revoked: boolean; serial: number };

/** Consents in memory, and the door by which the store of authorization requests brings them. */
export type MemoryConsentStore = ConsentStore & {
  /** Stores a consent; those that it covers are listed until `familyEndsAt`. */
  store(consent: NewConsent, familyEndsAt: number): void;
};

/** A store of consents without a database, for tests. `now` is its database clock, in milliseconds. */
export function createMemoryConsentStore(options: {
  readonly clients: MemoryClientStore;
  readonly tokens: MemoryTokenStore;
  readonly now: () => number;
}): MemoryConsentStore {
  const { clients, tokens, now } = options;
  let rows: Row[] = [];

  function inForce(row: Row): boolean {
    return !row.revoked && row.expiresAt > now() && clients.findByUid(row.clientUid) !== undefined;
  }

  function newestFirst(fits: (row: Row) => boolean): Row[] {
    return rows.filter((row) => inForce(row) && fits(row)).sort((a, b) => b.serial - a.serial);
  }

  return {
    async findRemembered(subject, clientUid) {
      const found = newestFirst((row) => row.remembered && row.subject === subject && row.clientUid === clientUid);
      return found.map(({ id, scopes, audience }) => ({ id, scopes, audience }));
    },
    async list({ subject, sid }, { after, limit }) {
      const found = newestFirst((row) => row.subject === subject && (sid === undefined || row.sid === sid));
      const start = after === undefined ? 0 : found.findIndex(({ id }) => id === after) + 1;
      return found
        .slice(start, start + limit)
        .map(({ expiresAt: _expiresAt, revoked: _revoked, serial: _serial, ...consent }) => consent);
    },
    async revoke({ subject, clientId, id }) {
      if (subject === undefined && clientId === undefined && id === undefined) {
        throw new Error('it must be said which consents are revoked');
      }
      for (const row of rows) {
        const fits =
          (subject === undefined || row.subject === subject) &&
          (clientId === undefined || row.clientId === clientId) &&
          (id === undefined || row.id === id);
        if (fits) row.revoked = true;
      }
      return tokens.revokeWhere(
        (grant) =>
          (subject === undefined || grant.subject === subject) &&
          (clientId === undefined || grant.clientId === clientId) &&
          (id === undefined || grant.consentId === id),
      );
    },
    async sweep(limit) {
      const over = rows.filter((row) => row.revoked || row.expiresAt <= now()).slice(0, limit);
      rows = rows.filter((row) => !over.includes(row));
      return over.length;
    },
    store({ lifetimeMs, ...consent }, familyEndsAt) {
      const covers = (row: Row) =>
        row.remembered &&
        row.subject === consent.subject &&
        row.clientUid === consent.clientUid &&
        row.scopes.every((scope) => consent.scopes.includes(scope)) &&
        row.audience.every((resource) => consent.audience.includes(resource));
      rows = rows.map((row) =>
        consent.remembered && covers(row)
          ? { ...row, remembered: false, expiresAt: Math.min(row.expiresAt, familyEndsAt) }
          : row,
      );
      const expiresAt = lifetimeMs === undefined ? Infinity : now() + lifetimeMs;
      rows.push({ ...consent, handledAt: now(), expiresAt, revoked: false, serial: rows.length });
    },
  };
}
