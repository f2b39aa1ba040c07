import type { Client, ClientSecretHash } from '../client.js';

/** A client that registers itself, and the verifiers of the tokens of its registration. */
export type NewRegistration = {
  readonly client: Client;
  readonly secret?: ClientSecretHash;
  /** SHA-256 of its registration access token. */
  readonly tokenHash: string;
  /** SHA-256 of the initial access token that pays for it; absent where a policy allowed it. */
  readonly initialTokenHash?: string;
};

/** Where the tokens of registrations are kept (RFC 7591 section 1.2, RFC 7592 section 1.1), as hashes only. */
export interface RegistrationStore {
  /** Stores an initial access token that may pay for `uses` registrations until it expires. */
  insertInitialToken(token: {
    readonly hash: string;
    readonly uses: number;
    readonly lifetimeMs: number;
  }): Promise<void>;
  /**
   * Stores the client and its registration access token; spends one use of the initial access token in the same
   * transaction. `spent` when that one is unknown, expired or has no use left; nothing is stored then.
   */
  register(registration: NewRegistration): Promise<'stored' | 'spent' | 'id-taken'>;
  /** Whether this is the registration access token of the client of that immutable id, while the client exists. */
  isRegistrationToken(clientUid: string, tokenHash: string): Promise<boolean>;
  /** Replaces the registration access token of a client. False when `oldHash` is not the present one. */
  replaceRegistrationToken(clientUid: string, oldHash: string, newHash: string): Promise<boolean>;
}
