import type { Client, ClientSecretHash } from './client.js';

/** A client row: the metadata, its verifier, and the counters that guard what is cached of it. */
export type StoredClient = {
  readonly client: Client;
  /** Immutable, never reused. */
  readonly uid: string;
  /** Raised by every write of this row. */
  readonly revision: number;
  /** Absent for public clients. */
  readonly secret?: ClientSecretHash;
};

/** Where clients are kept. Secrets come here only as verifiers. */
export interface ClientStore {
  /** Stores a new client. Answers false, and stores nothing, when the id is taken. */
  insert(client: Client, secret: ClientSecretHash | undefined): Promise<boolean>;
  /**
   * Stores the client only when no client exists at all; of simultaneous calls on an empty store one wins. Answers
   * whether it did.
   */
  insertFirst(client: Client, secret: ClientSecretHash | undefined): Promise<boolean>;
  /** The client as the database has it now; undefined when absent. */
  find(id: string): Promise<StoredClient | undefined>;
  /** Clients ordered by id (bytewise), after `after`, at most `limit` (0: all). */
  list(page: { readonly after: string; readonly limit: number }): Promise<readonly StoredClient[]>;
  /** Replaces the metadata, and the verifier when one is given (`'none'` removes it). False when the client is absent. */
  update(client: Client, secret: ClientSecretHash | 'keep' | 'none'): Promise<boolean>;
  /** Removes the client; every token, code and pending request of it is inactive once this returned. False when absent. */
  remove(id: string): Promise<boolean>;
}
