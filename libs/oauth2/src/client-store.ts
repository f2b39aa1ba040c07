import type { Client, ClientSecretHash } from './client.js';

/** Times of a secret, in milliseconds since the epoch. */
export type SecretUse = {
  /** Absent: it does not end. */
  readonly expiresAt?: number;
  /** To within ten minutes; absent: never used. */
  readonly lastUsedAt?: number;
};

/** Which of the two secrets of a client. */
export type SecretSlot = 'current' | 'previous';

/** How a secret is replaced. Milliseconds. */
export type SecretRotation = {
  /** How long the replaced secret goes on; 0 ends it at once. */
  readonly overlapMs: number;
  /** How long the new secret goes on; absent: it does not end. */
  readonly lifetimeMs?: number;
};

/** A client row: the metadata, its verifier, and the counters that guard what is cached of it. */
export type StoredClient = {
  readonly client: Client;
  /** Immutable, never reused. */
  readonly uid: string;
  /** Raised by every write of this row. */
  readonly revision: number;
  /** Milliseconds since the epoch, by the clock of the database. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Absent for clients that have no secret. */
  readonly secret?: ClientSecretHash;
  readonly secretUse?: SecretUse;
  /** The secret before the last rotation, until it ends (RFC 7591 section 3.2.1 `client_secret_expires_at`). */
  readonly previousSecret?: {
    readonly hash: ClientSecretHash;
    readonly use: SecretUse & { readonly expiresAt: number };
  };
};

/** Which clients are listed: those of that name and that owner, where they are given, exactly. */
export type ClientFilter = { readonly name?: string; readonly owner?: string };

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
  /** Clients that pass the filter, ordered by id (bytewise), after `after`, at most `limit` (0: all). */
  list(page: ClientFilter & { readonly after: string; readonly limit: number }): Promise<readonly StoredClient[]>;
  /**
   * Replaces the metadata, and the verifier when one is given (`'none'` removes it); a verifier that is replaced ends at
   * once. False when the client is absent, or no longer at `revision` where one is given.
   */
  update(client: Client, secret: ClientSecretHash | 'keep' | 'none', revision?: number): Promise<boolean>;
  /**
   * Gives a client that has a secret a new one; the old one goes on for a while, one before that ends at once. False when
   * there is no such client.
   */
  rotateSecret(id: string, secret: ClientSecretHash, rotation: SecretRotation): Promise<boolean>;
  /** Ends the secret before the last rotation at once; one that has ended is no error. False when there is no such client. */
  endPreviousSecret(id: string): Promise<boolean>;
  /** Notes that a secret was used now. The revision stays. */
  noteSecretUse(uid: string, slot: SecretSlot): Promise<void>;
  /**
   * Puts a verifier of the same secret in the place of one, where that is still there. The revision stays: who has the old
   * one in hand may go on using it. False when the client or the secret was changed.
   */
  replaceVerifier(
    uid: string,
    slot: SecretSlot,
    verifiers: { readonly from: ClientSecretHash; readonly to: ClientSecretHash },
  ): Promise<boolean>;
  /** Removes the client; every token, code and pending request of it is inactive once this returned. False when absent. */
  remove(id: string): Promise<boolean>;
}
