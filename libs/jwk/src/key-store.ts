import type { KeyPart } from './jwk.js';
import type { KeyLife, LivingKey } from './life-cycle.js';
import type { SecretClaim, SecretVerifier } from './secrets.js';

/** One key of a set as it is stored: sealed, with what must be known without opening it. */
export type StoredKey = {
  readonly set: string;
  readonly kid: string;
  /** The revision that wrote it. No two writes share one, so set, kid and version name this very row for good. */
  readonly version: number;
  readonly part: KeyPart;
  readonly algorithm: string;
  /** `sig`, `enc`, or empty. */
  readonly use: string;
  readonly sealed: Buffer;
  readonly createdAt: Date;
  /** Absent for keys that no life cycle moves. */
  readonly life?: KeyLife;
};

/** A key to be stored. */
export type NewKey = Pick<StoredKey, 'kid' | 'part' | 'algorithm' | 'use' | 'sealed' | 'life'>;

/** Who asked, for the audit. */
export type KeyActor = { readonly peer: string; readonly requestId: string };

/**
 * A set at one revision, newest write first, within one write in the order given; `now` is the clock of the store in
 * milliseconds since the epoch.
 */
export type KeySetSnapshot = { readonly revision: number; readonly now: number; readonly keys: readonly StoredKey[] };

/** A secret as the store knows it; `registeredAt` is absent where keys name a secret that is not registered. */
export type SecretUse = { readonly keyId: string; readonly registeredAt?: Date; readonly keys: number };

/** How often a key signed. */
export type SignatureCount = { readonly set: string; readonly kid: string; readonly signatures: number };

/**
 * What a change makes of a set, in this order: `remove`, `live`, `put`. Kids in `remove` and `live` that are absent, and
 * kids in `put` that exist, are fine.
 */
export type KeySetChange<Answer> = {
  readonly remove?: readonly string[];
  /** Keys whose life goes on; nothing else of them changes, their version neither. */
  readonly live?: readonly LivingKey[];
  readonly put?: readonly NewKey[];
  readonly answer: Answer;
};

/** Where keys are kept. Every method is atomic; an outage is a rejection. */
export interface KeyStore {
  /**
   * The revision of everything stored, read after the call was made: a write that returned before is in it.
   * Concurrent calls may share one read that starts after the last of them.
   */
  revision(): Promise<number>;

  /** Reads a set and the revision it was read at, as one snapshot. An unknown set has no keys. */
  readSet(set: string): Promise<KeySetSnapshot>;

  /**
   * Reads private and secret keys by kid in order to give them away, and notes each read in the audit in the same
   * statement: a read that cannot be noted does not happen. Absent and public keys are left out.
   */
  releasePrivate(set: string, kids: readonly string[], actor: KeyActor): Promise<readonly StoredKey[]>;

  /**
   * Changes one set: `change` sees its keys (order as readSet), the version that its own keys will have and the clock of
   * the store, and says what to make of it; put replaces a key of the same kid. Changes of all replicas run one after the
   * other. Every key removed or put and every state is noted in the audit. A set never holds two active keys, nor two
   * that wait to become it: a change that would make that is a rejection and does nothing. When `change` throws, nothing has happened and the error is passed on.
   * `change` is synchronous: nothing slow may happen inside.
   */
  changeSet<Answer>(
    set: string,
    actor: KeyActor,
    change: (keys: readonly StoredKey[], version: number, now: number) => KeySetChange<Answer>,
  ): Promise<Answer>;

  /** Adds to the number of signatures of each key. */
  countSignatures(counts: readonly SignatureCount[]): Promise<void>;

  /** How often each key of a set signed, as far as it was counted; keys that are gone are among them. */
  signatureCounts(set: string): Promise<ReadonlyMap<string, number>>;

  /** Runs work while no other replica runs any; the others wait. Nothing is rolled back when it throws. */
  exclusively<Answer>(work: () => Promise<Answer>): Promise<Answer>;

  /**
   * Judges the secrets that the caller holds, newest first (judgeClaim), by those that are registered and those that keys
   * are sealed under. A store that holds neither a secret nor a key registers the first one by the call; of two first
   * calls at once one does and the other is judged by it.
   */
  claimSecrets(held: readonly SecretVerifier[]): Promise<SecretClaim>;

  /** Registers one more secret, and notes that in the audit. Registering it again changes nothing. */
  addSecret(verifier: SecretVerifier, actor: KeyActor): Promise<void>;

  /** Forgets a secret, and notes that in the audit. Answers false and does nothing while a key is sealed under it. */
  removeSecret(keyId: string, actor: KeyActor): Promise<boolean>;

  /** Every secret that is registered or that keys are sealed under, oldest first. */
  secretUses(): Promise<readonly SecretUse[]>;

  /**
   * Seals up to `limit` keys anew that are not sealed under the secret of that key ID, and answers how many. `reseal`
   * must answer a text that opens as the same row; nothing but the sealed text changes. Each call is one transaction, so
   * the work can be stopped and taken up again at any time, by any number at once. 0 means that none is left.
   */
  resealSome(keyId: string, limit: number, reseal: (key: StoredKey) => Buffer): Promise<number>;
}
